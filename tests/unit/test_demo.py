"""The demo keeps its promises, and the cloud is given nothing but its own folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyfe import ParameterError, PyfeError
from pyfe.cli import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    from pyfe.cli.demos import first

    folder = tmp_path_factory.mktemp("demo") / "stories"
    lines: list[str] = []
    result = first.run(folder, say=lines.append)
    return folder, {**result, "lines": lines}


def test_breast_cancer(played: tuple[Path, dict[str, Any]]) -> None:
    result = played[1]["breast_cancer"]
    assert result["patients"] >= 171  # identity of every score was checked, or the demo would have failed
    assert abs(result["auc_encrypted"] - result["auc_clear"]) <= 0.002
    assert abs(result["auc_encrypted_unsaturated"] - result["auc_clear_unsaturated"]) <= 0.002
    assert result["auc_encrypted"] > 0.98 and result["same_class"] > 0.95
    assert 0 < result["saturated_rows"] < 40 and result["saturated_values"] >= result["saturated_rows"]
    assert result["bytes_per_patient"] < 1200
    low, high = result["interval"]
    assert high - low < 2**8  # a score of an eighth of its standard deviation, or a little finer
    assert result["rank"] == 1 and result["residual_bits"] > 0.85 * result["total_bits"]


def test_framingham(played: tuple[Path, dict[str, Any]]) -> None:
    result = played[1]["framingham"]
    assert result["policy"].startswith("UNRESTRICTED: ")
    assert result["risks"] == pytest.approx(result["exact_risks"], abs=0.03)
    assert result["exact_risks"][1] == pytest.approx(0.1638, abs=1e-4)
    assert result["residual_bits"] < 0.2 * result["total_bits"]
    assert all(bits < 5 for bits in result["bits_left"])


def test_what_is_printed(played: tuple[Path, dict[str, Any]]) -> None:
    text = "\n".join(played[1]["lines"])
    for phrase in ("AUC, encrypted", "every one identical", "clipped", "us per patient", "bytes per patient"):
        assert phrase in text
    assert "patient 4" in text and "UNRESTRICTED" in text


def test_folders_hold_what_their_role_knows(played: tuple[Path, dict[str, Any]]) -> None:
    folder = played[0]
    cloud = {"public-key.pyfe", "function-key.pyfe", "cohort.pyfe", "scores.csv"}
    for story in ("breast-cancer", "framingham"):
        assert {p.name for p in (folder / story / "cloud").iterdir()} == cloud
        assert {p.name for p in (folder / story / "hospital").iterdir()} == {"public-key.pyfe", "patients.csv"}
        assert "kept" in {p.name for p in (folder / story / "authority").iterdir()}
    assert (folder / "scores.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_the_cloud_is_given_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfe.cli.demos import first, stage

    calls: list[tuple[list[str], dict[str, Any]]] = []

    class Failed:
        returncode, stdout, stderr = 1, "", "stopped here"

    def watched(command: list[str], **how: Any) -> Failed:
        calls.append((command, how))
        return Failed()

    monkeypatch.setattr(stage.subprocess, "run", watched)
    with pytest.raises(PyfeError, match="the cloud's process failed: stopped here"):
        first.run(tmp_path, say=lambda _: None)
    (command, how) = calls[0]
    assert how["cwd"] == tmp_path / "breast-cancer" / "cloud"
    assert not any("/" in argument or ".." in argument for argument in command[1:])


def test_what_is_put_into_a_demo_stays(tmp_path: Path) -> None:
    from pyfe.cli.demos import stage

    study = tmp_path / "study"
    own = {"first/hospital/my.csv", "first/authority/mine.pyfe", "first/cloud/notes/a.txt", "qda/thesis.txt", "a.txt"}
    roles = stage.open_folders(study, "first")
    (roles.authority / "kept").mkdir()
    for file in own:
        (study / file).parent.mkdir(parents=True, exist_ok=True)
        (study / file).write_text(f"the only copy of {file}")
    assert stage.open_folders(study, "first") == roles
    assert not (roles.authority / "kept").exists()  # as none is ever overwritten
    with pytest.raises(ParameterError, match=r"qda holds other things than a demo"):
        stage.open_folders(study, "qda")
    (study / "hrv").symlink_to(tmp_path)
    roles.hospital.rename(tmp_path / "elsewhere")
    roles.hospital.symlink_to(tmp_path / "elsewhere")
    for story in ("hrv", "first"):
        with pytest.raises(ParameterError, match="leads elsewhere"):
            stage.open_folders(study, story)
    roles.hospital.unlink()
    (tmp_path / "elsewhere").rename(roles.hospital)
    assert all((study / file).read_text() == f"the only copy of {file}" for file in own)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["demo", "--folder", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "ParameterError"
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
