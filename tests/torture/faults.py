"""Builds faults.cc and says which environment spoils which call."""
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


class Shim:
    def __init__(self, library):
        self.library = library

    def environment(self, folder, call, first, what, last=None, flag=None):
        """what: "kill", "short" or an errno. Below `folder` ("" for everywhere), from the first-th call to the last-th."""
        env = {"LD_PRELOAD": str(self.library), "FAULT_DIR": str(folder), "FAULT_CALL": call, "FAULT_FROM": str(first),
               "FAULT_TO": str(last or first), "FAULT_DO": str(what)}
        return {**env, "FAULT_WHILE": str(flag)} if flag else env


def shim(folder):
    library = pathlib.Path(folder) / "faults.so"
    if not library.exists():
        subprocess.run(["g++", "-std=c++20", "-O1", "-fPIC", "-shared", "-U_FORTIFY_SOURCE", "-o", library,
                        HERE / "faults.cc", "-ldl"], check=True, timeout=120)
    return Shim(library)
