"""gunicorn logs JSON through structlog, as in the article "Using Structlog with Gunicorn", and every line once.

The log goes to stdout, or to the file that SHOP_LOG names. The last field of the access line, %(L)s, is the duration in
seconds, which parshall knows without configuration.
"""
import os

import structlog

access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s'

pre_chain = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
if os.environ.get("SHOP_LOG"):
    # It opens the file anew when a log rotation moved it away.
    handler = {"class": "logging.handlers.WatchedFileHandler", "filename": os.environ["SHOP_LOG"], "formatter": "json"}
else:
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
once = {"level": "INFO", "handlers": ["json"], "propagate": False}  # without propagate every line stands there twice

logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": pre_chain,
        }
    },
    "handlers": {"json": handler},
    "root": {"level": "INFO", "handlers": ["json"]},
    "loggers": {
        "gunicorn.error": {**once, "qualname": "gunicorn.error"},
        "gunicorn.access": {**once, "qualname": "gunicorn.access"},
    },
}

structlog.configure(
    processors=[*pre_chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
)
