"""The JSON schemas that editors use, asked by a validator of their own kind: they accept what the program accepts and
refuse the wrong files, but for those whose fault no schema can see. That their keys are the reader's keys is the business
of tests/rules/schema_test.cc."""
import json
import re

import jsonschema
import pytest
import yaml

import parshall

RULES = parshall.ROOT / "rules"
BAD = sorted((parshall.DATA / "rules" / "bad").glob("*.yaml"))
SHIPPED = sorted(RULES.rglob("*.yaml"))

# Wrong for other reasons than their shape.
# YAML that editors report without a schema, or that other readers allow (a merge key adds nothing here, a tag changes nothing).
NOT_YAML = {"yaml_tab", "yaml_twice", "yaml_two_documents", "yaml_merge_key", "yaml_tag", "yaml_open_quote", "yaml_double_quotes",
            "yaml_colon_in_text", "yaml_unknown_alias"}
# Expressions, format strings and examples, which only the program can run.
RUN = {"pattern_open_group", "pattern_lookahead", "pattern_group_twice", "transform_test_expression", "label_match",
       "relabel_regex", "init_template", "example_of_another", "example_other_record", "example_no_match", "not_matches",
       "format_nginx_glued", "format_nginx_twice", "format_nginx_open_brace", "format_nginx_escape", "format_apache_directive",
       "format_apache_open", "format_gunicorn_atom", "format_gunicorn_open"}
# One part of a file against another, several keys against each other by value, and the environment.
RELATIONS = {"labels_from_taken",
             "rule_name_twice", "rule_extends_nobody", "rule_extends_circle", "field_two_types", "example_two_lines",
             "transform_unknown_field", "transform_test_min_max", "transform_rename_itself", "metric_buckets_order",
             "metric_unknown_rule", "metric_disagree", "metric_names_clash", "label_le", "metric_exemplar_label",
             "add_environment", "config_variable"}
UNSEEN = NOT_YAML | RUN | RELATIONS


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: no dates, no `yes`, no octals."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, expression, first in [
        ("null", r"^(?:~|null|Null|NULL|)$", "~nN"), ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
        ("int", r"^[-+]?[0-9]+$", "-+0123456789"), ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")]:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(expression), list(first) + ([""] if tag == "null" else []))
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def as_json(value):
    """Keys of JSON are texts; YAML's `null: '-'` has the key null."""
    if isinstance(value, dict):
        return {"null" if key is None else str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def faults(path, config=False):
    schema_path = RULES / ("parshall.config.schema.json" if config else "parshall.schema.json")
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    other = json.loads((RULES / "parshall.schema.json").read_text(encoding="utf-8"))
    uri = schema_path.as_uri()
    resolver = jsonschema.RefResolver(uri, schema, store={(RULES / "parshall.schema.json").as_uri(): other})
    document = as_json(yaml.load(path.read_text(encoding="utf-8"), CoreLoader))
    return [f"{list(e.absolute_path)}: {e.message[:300]}"
            for e in jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(document)]


@pytest.mark.parametrize("name", ["parshall.schema.json", "parshall.config.schema.json"])
def test_schema_is_one(name):
    jsonschema.Draft7Validator.check_schema(json.loads((RULES / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_rules_fit_and_name_their_schema(path):
    assert faults(path) == []
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named != first and (path.parent / named).resolve() == RULES / "parshall.schema.json"


def test_files_with_every_key_fit():
    assert faults(parshall.DATA / "rules" / "every_key.yaml") == []
    assert faults(parshall.DATA / "rules" / "every_key_config.yaml", config=True) == []


@pytest.mark.parametrize("name, config", [("RULES.md", False), ("CONFIGURATION.md", True)])
def test_yaml_of_the_references_fits(name, config, tmp_path):
    text = (parshall.ROOT / "docs" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M)
    assert len(blocks) >= 7
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert faults(path, config) == [], block


@pytest.mark.parametrize("path", [p for p in BAD if p.stem not in UNSEEN], ids=lambda path: path.stem)
def test_wrong_shape_is_refused(path):
    assert faults(path, config=path.stem.startswith("config_")) != []


@pytest.mark.parametrize("path", [p for p in BAD if p.stem in UNSEEN - NOT_YAML], ids=lambda path: path.stem)
def test_what_only_the_program_sees_is_named_as_such(path):
    assert faults(path, config=path.stem.startswith("config_")) == [], "the schema sees it: take it off the list"


def test_the_list_of_what_only_the_program_sees_is_true():
    assert UNSEEN <= {path.stem for path in BAD}
