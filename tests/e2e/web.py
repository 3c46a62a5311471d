"""Certificates, hashes and clients for the tests of the web configuration: openssl, libcrypt and curl, as an operator has them."""
import ctypes
import ctypes.util
import json
import subprocess

import parshall


def certificate(folder, name, *, san="DNS:localhost,IP:127.0.0.1", issuer=None, days=2):
    """Makes NAME.crt and NAME.key; signed by the certificate `issuer`, or by itself. Negative days: it expired."""
    key, cert, request = folder / f"{name}.key", folder / f"{name}.crt", folder / f"{name}.csr"
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={san}\n" if issuer else f"subjectAltName={san}\nbasicConstraints=CA:TRUE\n")
    signer = ["-CA", folder / f"{issuer}.crt", "-CAkey", folder / f"{issuer}.key", "-CAcreateserial"] if issuer else [
        "-signkey", key]
    openssl("x509", "-req", "-in", request, *signer, "-days", days, "-extfile", extensions, "-out", cert)
    return cert, key


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


def bcrypt(password, cost=4):
    library = ctypes.CDLL(ctypes.util.find_library("crypt"))
    for function in (library.crypt, library.crypt_gensalt):
        function.restype = ctypes.c_char_p
    salt = library.crypt_gensalt(b"$2y$", ctypes.c_ulong(cost), b"0123456789abcdef", 16)
    return library.crypt(password.encode(), salt).decode()


def curl(url, *args):
    """(exit code of curl, HTTP status or 0, body)."""
    done = subprocess.run(["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", *map(str, args), url],
                          capture_output=True, timeout=30)
    body, _, status = done.stdout.rpartition(b"\n")
    return done.returncode, int(status or 0), body


def write(path, config):
    """JSON is YAML too. Replaced as a whole, as one should."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(config if isinstance(config, str) else json.dumps(config, indent=1))
    temporary.replace(path)


class Server(parshall.Live):
    """A running parshall with a web configuration; ready when it says that it listens."""

    def __init__(self, config_file, *args, secure=False, **more):
        self.url = None
        super().__init__("--web.config.file", config_file, *args, "--output", "none", stdin=subprocess.PIPE, **more)
        self.url = f"{'https' if secure else 'http'}://localhost:{self.port}"

    def _is_ready(self):
        assert self.process.poll() is None, f"ended at once with {self.process.returncode}: {self.err}"
        return "metrics are at" in self.err  # it listens before it says so
