"""Owns the way to a LibreOffice: finding its Python bridge, starting one of our own, joining one that a person has open."""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from addin.engines import calc_watch
from workbook.errors import PartnerBookError

_START = 90.0  # seconds until LibreOffice answers
_PATIENCE = 5.0  # seconds until a LibreOffice that is said to be open answers
# Formulas are recalculated on load, and dates and figures are read as in English, whatever the machine's language.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="ODFRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>en-US</value></prop></item>
</oor:items>
"""


class OfficeMissing(PartnerBookError):
    """LibreOffice or its Python bridge is not there, or belongs to another Python."""


class OfficeSilent(PartnerBookError):
    """LibreOffice does not answer."""

    permanent = False


def bridge() -> Any:
    """The module `uno`; OfficeMissing says what to install."""
    try:
        return importlib.import_module("uno")
    except ImportError:
        pass
    for folder in _folders():
        sys.path.append(folder)
        try:
            return importlib.import_module("uno")
        except ImportError:
            continue
        finally:
            sys.path.remove(folder)  # the folder holds the system's other packages too: they are not ours to use
    raise OfficeMissing(
        f"这个 Python（{sys.version_info[0]}.{sys.version_info[1]}）里没有 LibreOffice 的 Python 接口 uno。"
        "Debian、Ubuntu 请安装 python3-uno；其他系统请安装 LibreOffice，并用它自带的 Python 运行。"
    )


def _folders() -> list[str]:
    """Folders with a bridge that was built for this very Python; another one could bring the process down."""
    office = shutil.which("soffice")
    program = [str(Path(office).resolve().parent)] if office else []
    known = [*program, *glob.glob("/opt/libreoffice*/program"), "/usr/lib/libreoffice/program"]  # noqa: PTH207
    debian = "/usr/lib/python3/dist-packages"
    fitting = [folder for folder in dict.fromkeys(known) if _fits(Path(folder))]
    found = [folder for folder in fitting if (Path(folder) / "uno.py").is_file()]
    return [debian, *found] if fitting and (Path(debian) / "uno.py").is_file() else found


def _fits(program: Path) -> bool:
    wanted = f"libpython{sys.version_info[0]}.{sys.version_info[1]}".encode()
    libraries = [program / name for name in ("libpyuno.so", "pyuno.so", "libpyuno.dylib", "pyuno.pyd")]
    return any(wanted in library.read_bytes() for library in libraries if library.is_file())


def prop(name: str, value: Any) -> Any:
    """A named value as UNO's calls take it."""
    found = bridge().createUnoStruct("com.sun.star.beans.PropertyValue")
    found.Name, found.Value = name, value
    return found


def url(path: str | Path) -> str:
    """A file's address as LibreOffice writes it."""
    return str(bridge().systemPathToFileUrl(str(Path(path).absolute())))


class Office:
    """A LibreOffice that answers: `desktop`, and `context` to make its services. Ours ends with us; a person's does not."""

    def __init__(self, connect: str | None, visible: bool):
        self.own, self.visible = connect is None, visible or connect is not None
        self._watch: subprocess.Popen[bytes] | None = None
        uno = bridge()
        if connect is None:
            pipe = f"partnerbook-{os.getpid()}-{uuid.uuid4().hex}"
            self._start(pipe, visible)
            connect = f"pipe,name={pipe}"
        self.address = connect
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        self.context = self._resolved(resolver, f"uno:{connect};urp;StarOffice.ComponentContext", connect)
        self.desktop = self.service("com.sun.star.frame.Desktop")

    @property
    def pid(self) -> int | None:
        """The number of the process that watches over our LibreOffice; None for a person's."""
        return self._watch.pid if self._watch else None

    @functools.cached_property
    def language(self) -> str:
        """The language that LibreOffice reads figures and dates in, in two letters."""
        node = prop("nodepath", "/org.openoffice.Setup/L10N")
        settings = self.service("com.sun.star.configuration.ConfigurationProvider").createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", (node,)
        )
        return str(settings.ooSetupSystemLocale or settings.ooLocale or "en")[:2].lower()

    def service(self, name: str) -> Any:
        """A service of LibreOffice by its name."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    def answers(self) -> bool:
        """Whether LibreOffice is still there."""
        try:
            return self.desktop.Components is not None
        except Exception:  # UNO's exceptions have no class before the bridge is loaded
            return False

    def _start(self, pipe: str, visible: bool) -> None:
        program = shutil.which("soffice") or shutil.which("libreoffice")
        if program is None:
            raise OfficeMissing("找不到 LibreOffice（soffice）。请安装 LibreOffice，并把它的程序文件夹加到 PATH。")
        profile = Path(tempfile.mkdtemp(prefix="partnerbook-calc-"))
        (profile / "user").mkdir()
        (profile / "temporary").mkdir()  # its own temporary files go with the profile
        (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        command = [
            *(program, "--norestore", "--nologo", "--nodefault", "--nofirststartwizard"),
            *(() if visible else ("--headless", "--invisible")),
            f"-env:UserInstallation={profile.as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ]
        self._watch = subprocess.Popen(
            [sys.executable, "-I", str(calc_watch.__file__), str(profile), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(profile / "temporary"))},
        )

    def _resolved(self, resolver: Any, address: str, told: str) -> Any:
        give_up = time.monotonic() + (_START if self.own else _PATIENCE)
        while True:
            try:
                return resolver.resolve(address)
            except Exception as error:  # UNO's exceptions have no class before the bridge is loaded
                if time.monotonic() > give_up or (self._watch and self._watch.poll() is not None):
                    self.close()
                    if self.own:
                        raise OfficeSilent("LibreOffice 启动后没有回答。请关掉多余的程序再试一次。") from error
                    raise OfficeSilent(
                        f"连不上已经打开的 LibreOffice（{told}）。请用 soffice --accept='{told};urp;' 打开它，再试一次。"
                    ) from error
                time.sleep(0.1)

    def close(self) -> None:
        """Ends our LibreOffice and waits until nothing of it is left; a person's goes on."""
        watch, self._watch = self._watch, None
        if watch is None or watch.stdin is None:
            return
        try:
            self.desktop.terminate()
            watch.stdin.write(calc_watch.ORDERLY)
        except Exception:  # (it is gone already, or does not listen: it is ended by force)
            pass
        with contextlib.suppress(OSError):
            watch.stdin.close()
        watch.wait(60)
