"""The wheel is whole: installed elsewhere, far from this checkout, the product finds its pages and its migrations."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRY = """
import sys
from pathlib import Path
from forms_server.app import ServerSettings, create_app
from forms_server.house import open_house
from workbook import store
from workbook.build import new_workbook
import forms_server
assert Path(forms_server.__file__).is_relative_to(Path(sys.argv[1])), forms_server.__file__
book = store.create(Path("book.xlsx"), new_workbook())
house = open_house(book, Path("data"))
client = create_app(ServerSettings(secret=house.secret, data=house.data, testing=True), house.inbox).test_client()
for address in ("/", "/forms/candidate", "/forms/satisfaction", "/forms/incident", "/privacy"):
    assert client.get(address).status_code == 200, address
assert "伙伴簿" in client.get("/").text
print("whole")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        ["uv", "build", "--wheel", "--out-dir", str(out), str(ROOT)], check=True, capture_output=True, timeout=300
    )
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_product_and_none_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"workbook", "forms_server", "addin"} <= tops
    assert not tops & {"tests", "templates", "docs", "benchmarks"}
    assert any(name.startswith("forms_server/templates/") and name.endswith(".html") for name in names)
    assert "forms_server/templates/static/partnerbook.css" in names
    assert any("licenses/LICENSE" in name for name in names)


def test_installed_far_from_the_checkout_every_page_answers(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    # our own packages from the wheel, the libraries from this environment; the checkout is on no path
    libraries = [p for p in sys.path if "site-packages" in p]
    code = f"import sys; sys.path[:] = [p for p in sys.path if 'python3' in p and 'site-packages' not in p] + [{str(tmp_path / 'site')!r}] + {libraries!r}\n"
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", code + TRY, str(tmp_path / "site")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "whole"
