# Appears in Resolve as Workspace > Scripts > Utility > HeyGem Bridge. `heygem install resolve` fills in the line below.
# Written so that an old Python can read it and say what is missing.
import sys

LIBRARY = "@LIBRARY@"
PYTHON_NEEDED = (3, 11)


def main():
    if sys.version_info < PYTHON_NEEDED:
        have = ".".join(str(part) for part in sys.version_info[:2])
        need = ".".join(str(part) for part in PYTHON_NEEDED)
        print("HeyGem Bridge needs Python " + need + " or later; Resolve uses Python " + have + ".")
        print(
            "Install Python "
            + need
            + " from python.org, then restart Resolve (PYTHON3HOME on macOS, PYTHONHOME on Windows, says where it is)."
        )
        return
    if LIBRARY not in sys.path:
        sys.path.insert(0, LIBRARY)
    for name in [name for name in sys.modules if name.split(".")[0] in ("heygem_resolve", "heygem_host")]:
        del sys.modules[name]  # Resolve keeps its interpreter: a newer version must not meet the older one's modules
    from heygem_resolve.running import run

    found = globals()
    run(found.get("resolve"), found.get("fusion") or found.get("fu"), found.get("bmd"), LIBRARY)


main()
