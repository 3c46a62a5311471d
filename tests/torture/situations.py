"""R4: what can happen to names, one function each. Each gives back differences; the program runs all the time."""
import os
import stat


import numbered
from bar import verdict


class _Case:
    """A folder of logs that is watched by a glob, the truth, and the program."""

    def __init__(self, play, folder, pattern="*.log"):
        self.folder, self.logs = folder, folder / "logs"
        self.logs.mkdir()
        self.truth, self.files = numbered.Truth(), 0
        self.subject = play.program(self.logs / pattern, folder=folder)
        self.play = play

    def lines(self, count=100):
        """Lines of a file number that was not used yet; they count as written."""
        self.files += 1
        self.truth.wrote(self.files, count)
        return numbered.lines(self.files, 0, count)

    def read(self):
        self.subject.wait_lines(self.truth.total)

    def __enter__(self):
        self.subject.__enter__()
        self.subject.start().ready()
        return self

    def __exit__(self, *error):
        self.subject.__exit__(*error)

    def end(self):
        self.read()
        return verdict(self.subject.stop(), self.truth, self.folder / "records.jsonl")


def _append(path, data):
    with open(path, "ab") as stream:
        stream.write(data)


def symlink_is_pointed_elsewhere(play, folder):
    with _Case(play, folder, "current.log") as case:
        for n in range(4):
            target = case.logs / f"day-{n}"
            target.write_bytes(case.lines())
            os.symlink(target.name, case.logs / "new")
            os.rename(case.logs / "new", case.logs / "current.log")
            case.read()
            _append(target, case.lines(7))
            case.read()
        return case.end()


def deleted_and_created_anew(play, folder):
    with _Case(play, folder) as case:
        for n in range(4):
            (case.logs / "a.log").write_bytes(case.lines())
            case.read()
            (case.logs / "a.log").unlink()
        return case.end()


def deleted_while_the_writer_goes_on(play, folder):
    with _Case(play, folder) as case, open(case.logs / "a.log", "ab", buffering=0) as stream:
        stream.write(case.lines())
        case.read()
        os.unlink(case.logs / "a.log")
        stream.write(case.lines(33))
        case.read()
        (case.logs / "a.log").write_bytes(case.lines(44))
        stream.close()
        return case.end()


def renamed_into_the_glob_and_out_of_it(play, folder):
    with _Case(play, folder) as case:
        outside = case.logs / "a.hidden"
        outside.write_bytes(case.lines())
        os.rename(outside, case.logs / "a.log")
        case.read()
        os.rename(case.logs / "a.log", outside)
        _append(outside, case.lines(5))  # its descriptor is still read
        case.read()
        os.rename(outside, case.logs / "a.log")
        _append(case.logs / "a.log", case.lines(6))
        case.read()
        os.rename(case.logs / "a.log", case.logs / "b.log")  # from one watched name to another
        _append(case.logs / "b.log", case.lines(8))
        return case.end()


def hard_link_is_the_same_file(play, folder):
    with _Case(play, folder) as case:
        (case.logs / "a.log").write_bytes(case.lines())
        case.read()
        os.link(case.logs / "a.log", case.logs / "b.log")
        _append(case.logs / "b.log", case.lines(50))
        case.read()
        os.unlink(case.logs / "a.log")
        _append(case.logs / "b.log", case.lines(9))
        return case.end()


def directory_and_fifo_of_that_name_are_passed_over(play, folder):
    with _Case(play, folder) as case:
        (case.logs / "d.log").mkdir()
        os.mkfifo(case.logs / "p.log")
        (case.logs / "a.log").write_bytes(case.lines())
        return case.end()


def folder_comes_later(play, folder):
    with _Case(play, folder, "later/*.log") as case:
        (case.logs / "later").mkdir()
        (case.logs / "later" / "a.log").write_bytes(case.lines())
        case.read()
        os.rename(case.logs / "later", case.logs / "gone")
        (case.logs / "later").mkdir()
        (case.logs / "later" / "a.log").write_bytes(case.lines())
        return case.end()


def unreadable_becomes_readable(play, folder):
    if os.geteuid() == 0:
        # root reads everything: a link that leads nowhere yet is the same to the reader
        with _Case(play, folder) as case:
            os.symlink("target", case.logs / "a.log")
            (case.logs / "target").write_bytes(case.lines())
            return case.end()
    with _Case(play, folder) as case:
        path = case.logs / "a.log"
        path.touch()
        path.chmod(0)
        path_writer = case.lines()
        path.chmod(stat.S_IWUSR)
        path.write_bytes(path_writer)
        case.subject.wait_quiet(0.2)
        path.chmod(0o600)
        return case.end()


def descriptors_come_back(play, folder):
    rotations = 1000 if play.rounds > 1 else 30
    with _Case(play, folder) as case:
        path = case.logs / "a.log"
        path.write_bytes(case.lines(3))
        case.read()
        case.subject.wait_quiet(0.6)
        before, found = case.subject.descriptors(), []
        for _ in range(rotations):
            os.rename(path, case.logs / "a.old")
            path.write_bytes(case.lines(3))
            case.read()  # one by one: the bar is the leak, not the speed
        case.subject.until(lambda: case.subject.descriptors() <= before,
                           lambda: f"descriptors are {before} again; they are {case.subject.descriptors()}", 20)
        found += case.end()
        return found


def two_globs_for_one_file(play, folder):
    with _Case(play, folder) as case:
        case.subject.kill()
        case.subject.args.insert(0, str(case.logs / "a*"))
        case.subject.start().ready()
        (case.logs / "a.log").write_bytes(case.lines())
        (case.logs / "b.log").write_bytes(case.lines())
        return case.end()


PLAYS = [symlink_is_pointed_elsewhere, deleted_and_created_anew, deleted_while_the_writer_goes_on,
         renamed_into_the_glob_and_out_of_it, hard_link_is_the_same_file, directory_and_fifo_of_that_name_are_passed_over,
         folder_comes_later, unreadable_becomes_readable, descriptors_come_back, two_globs_for_one_file]

