"""Model files of boosted trees that no library wrote: refused before a library opens them, which might crash."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfe.cli.booster_walks import walk_catboost, walk_lightgbm, walk_xgboost
from pyfe.cli.model_files import load_model
from pyfe.errors import DecodeError, UnsupportedModelError
from pyfe.io.ubjson import ubjson

from .test_models_boosters import TWO, X, cat, lgb, library, xgb


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each library."""
    found = tmp_path_factory.mktemp("models")
    model = xgb("Classifier", TWO)()
    model.save_model(found / "x.json")
    model.save_model(found / "x.ubj")
    lgb("Classifier", TWO)().booster_.save_model(found / "l.txt")
    cat("Classifier", TWO)().save_model(found / "c.json", format="json")
    return found


def forged(data: Any, path: tuple[Any, ...], value: Any) -> str:
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(data)


MODEL = ("learner", "gradient_booster", "model")
TREE = (*MODEL, "trees", 0)
XGBOOST = [
    ((*TREE, "left_children", 1), 0, "comes back to node 0"),
    ((*TREE, "left_children", 1), 1, "comes back to node 1"),
    ((*TREE, "right_children", 0), -1, "a child in tree 0"),
    ((*TREE, "left_children", 0), -5, "half a leaf"),
    ((*TREE, "left_children", 0), 10**6, "a child in tree 0"),
    ((*TREE, "split_indices", 0), 77, "a column of tree 0, 77"),
    ((*TREE, "split_indices", 0), -1, "a column of tree 0, -1"),
    ((*TREE, "split_conditions"), [1.0], "split_conditions of tree 0"),
    ((*TREE, "categories_nodes"), [0], "the categories of tree 0"),
    ((*TREE, "tree_param", "num_nodes"), "100000000", "the nodes of tree 0"),
    ((*TREE, "tree_param", "num_nodes"), "1_1", "no whole number"),
    ((*MODEL, "tree_info", 0), 5, "the output of tree 0"),
    (("learner", "learner_model_param", "num_target"), "1000000000", "more than its trees have"),
    (("learner", "learner_model_param", "num_feature"), "2000000000", "num_feature"),
    (("learner", "gradient_booster", "name"), "gblinear", "a part of it is missing"),
    (("learner", "feature_names"), ["a"], "feature_names are not those"),
    (("learner", "feature_names"), ["age", "crp", "age", "visits"], "two columns are called 'age'"),
    ((*MODEL, "iteration_indptr", 1), 1000, "iteration_indptr cuts at other places"),
    ((*MODEL, "iteration_indptr", 1), -7, "iteration_indptr cuts at other places"),
    ((*MODEL, "iteration_indptr"), [0, 1], "iteration_indptr cuts at other places"),
]


@pytest.mark.parametrize(("path", "value", "says"), XGBOOST)
def test_xgboost(folder: Path, tmp_path: Path, path: tuple[Any, ...], value: Any, says: str) -> None:
    file = tmp_path / "m.json"
    file.write_text(forged(json.loads((folder / "x.json").read_text()), path, value))
    with pytest.raises(DecodeError, match=f"m.json: not a model that XGBoost reads: .*{says}"):
        load_model(file)


CATS = (*MODEL, "cats")
LEVELS = [
    ((*CATS, "sorted_idx", 2), 200000, "a place of the categories of column 1"),
    ((*CATS, "sorted_idx", 2), 0, "the order of the categories of column 1 has a place twice"),
    ((*CATS, "sorted_idx"), [0], "feature_segments cuts"),
    ((*CATS, "feature_segments"), [0, 0, 3, 60000], "feature_segments cuts"),
    ((*CATS, "feature_segments"), [0, 1, 3, 6], "the categories of column 0 are not 1"),
    ((*CATS, "enc", 1, "offsets", 3), 6000000, "the offsets of the categories of column 1 cuts"),
    ((*CATS, "enc", 1, "offsets", 1), -5, "the offsets of the categories of column 1 cuts"),
    ((*CATS, "enc", 1, "values", 0), 5000, "a sign of the categories of column 1"),
    ((*CATS, "enc", 2, "values"), [3], "the categories of column 2 are not 3"),
    ((*CATS, "enc"), [], "categories are not those of 3 columns"),
]


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model with categories of text and of numbers, as xgboost writes it."""
    xgboost, pandas = library("xgboost"), library("pandas")
    stage, ward = pandas.Categorical(["I", "II", "III"] * 80), pandas.Categorical([3, 5, 9, 3] * 60)
    rows = pandas.DataFrame({"age": X["age"], "stage": stage, "ward": ward})
    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2, enable_categorical=True, n_jobs=1).fit(rows, TWO)
    text = bytes(model.get_booster().save_raw("json")).decode()
    walk_xgboost(text.encode())
    walk_xgboost(bytes(model.get_booster().save_raw("ubj")))
    return text


@pytest.mark.parametrize(("path", "value", "says"), LEVELS)
def test_levels_of_xgboost(levels: str, path: tuple[Any, ...], value: Any, says: str) -> None:
    """Its library follows them into memory: two of these end the process, one gives other answers."""
    if "cats" not in json.loads(levels)["learner"]["gradient_booster"]["model"]:
        pytest.skip("this version of xgboost keeps no levels")
    with pytest.raises(ValueError, match=says):
        walk_xgboost(forged(json.loads(levels), path, value).encode())


def test_what_a_library_says_is_said_without_its_own_places(folder: Path, tmp_path: Path) -> None:
    data = json.loads((folder / "x.json").read_text())
    file = tmp_path / "m.json"
    file.write_text(forged(data, ("learner", "objective", "name"), "reg:nonsense"))
    with pytest.raises(DecodeError) as caught:
        load_model(file)
    said = str(caught.value)
    assert "Unknown objective" in said
    assert "Stack trace" not in said and ".cc:" not in said and "[bt]" not in said and ".so" not in said


def test_leaves_of_several_values(folder: Path) -> None:
    data = json.loads((folder / "x.json").read_text())
    text = forged(data, (*TREE, "tree_param", "size_leaf_vector"), "1000000000")
    with pytest.raises(UnsupportedModelError, match="one_output_per_tree"):
        walk_xgboost(text.encode())


def test_binary_json(folder: Path) -> None:
    data = (folder / "x.ubj").read_bytes()
    found, plain = ubjson(data), json.loads((folder / "x.json").read_text())
    assert found["learner"]["feature_names"] == plain["learner"]["feature_names"]
    trees = [one["learner"]["gradient_booster"]["model"]["trees"] for one in (found, plain)]
    assert [tree["left_children"] for tree in trees[0]] == [tree["left_children"] for tree in trees[1]]
    walk_xgboost(data)
    columns = data.index(b"split_indices[$l#L") + len(b"split_indices[$l#L") + 8
    with pytest.raises(ValueError, match="a column of tree 0, 99"):
        walk_xgboost(data[:columns] + struct.pack(">i", 99) + data[columns + 4 :])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "ends within"),
        (b"{i\x01ai\x01i\x01ai\x02}", "twice"),
        (b"[$i#L" + struct.pack(">q", 1 << 60), "beyond the bytes"),
        (b"[#i\xff", "beyond the bytes"),
        (b"[" * 1000, "without end"),
        (b"i\x01i", "left over"),
        (b"q", "unknown mark"),
    ],
)
def test_binary_json_that_nobody_writes(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ubjson(data)


def line(name: str, change: Callable[[list[str]], None]) -> Callable[[str], str]:
    """The first line of this name with its entries changed."""

    def forge(text: str) -> str:
        start = text.index(f"\n{name}=") + 1
        end = text.index("\n", start)
        entries = text[start + len(name) + 1 : end].split(" ")
        change(entries)
        return f"{text[:start]}{name}={' '.join(entries)}{text[end:]}"

    return forge


def put(place: int, entry: str) -> Callable[[list[str]], None]:
    return lambda entries: entries.__setitem__(place, entry)


LIGHTGBM = [
    (line("left_child", put(0, "0")), "comes back to node 0"),
    (line("left_child", put(0, "9999")), "a child in tree 0"),
    (line("left_child", put(0, "-2147483648")), "a child in tree 0"),
    (line("left_child", put(0, "1_0")), "no whole number"),
    (line("split_feature", put(0, "2000000000")), "a column of tree 0"),
    (line("num_leaves", put(0, "0")), "has not its 0 leaves"),
    (line("decision_type", put(0, "1")), "no whole number|a set of categories"),
    (line("num_tree_per_iteration", put(0, "0")), "num_tree_per_iteration"),
    (line("num_class", put(0, "5")), "num_class is not"),
    (line("objective", put(0, "")), "no whole number|without a name|Unknown objective"),
    (line("objective", list.clear), "without a name"),
    (lambda text: text.replace("\nend of trees", "\n"), "no end of trees"),
    (lambda text: text.replace("\nTree=1\n", "\rTree=1\n"), "ends in another way"),
    (lambda text: text.replace("num_cat=0", "num_cat=0\nnum_leaves=9", 1), "twice"),
]


@pytest.mark.parametrize(("forge", "says"), LIGHTGBM)
def test_lightgbm(folder: Path, tmp_path: Path, forge: Callable[[str], str], says: str) -> None:
    file, text = tmp_path / "m.txt", (folder / "l.txt").read_text()
    file.write_bytes(forge(text).encode())
    assert file.read_bytes() != text.encode()
    with pytest.raises(DecodeError, match=f"m.txt: not a model that LightGBM reads: .*({says})"):
        load_model(file)


@pytest.mark.parametrize("sizes", ["999999999999", "-5", "0"])
def test_places_to_jump_to_are_not_needed(folder: Path, tmp_path: Path, sizes: str) -> None:
    """A copy with other ends of lines has others; LightGBM reads past its end then."""
    text = (folder / "l.txt").read_text()
    file = tmp_path / "m.txt"
    file.write_bytes(line("tree_sizes", put(0, sizes))(text).replace("\n", "\r\n").encode())
    assert load_model(file).num_trees() == load_model(folder / "l.txt").num_trees() > 1
    assert walk_lightgbm(walk_lightgbm(text)) == walk_lightgbm(text)


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text.replace("\n[objective: binary]", "\nobjective"),
        lambda text: text.replace("\n[objective: binary]", "\n"),
        lambda text: text.replace("\nend of parameters", "\n"),
        lambda text: text.replace("\nparameters:", "\nparser:"),
    ],
)
def test_parameters_of_the_training_are_not_read(folder: Path, forge: Callable[[str], str]) -> None:
    """LightGBM takes each line of them for a name, a colon and a value, and reads on where there is none."""
    text = (folder / "l.txt").read_text()
    assert forge(text) != text and walk_lightgbm(forge(text)) == walk_lightgbm(text)
    model, before = (
        library("lightgbm").Booster(model_str=walk_lightgbm(text)),
        library("lightgbm").Booster(model_str=text),
    )
    assert (model.predict(X) == before.predict(X)).all() and model.pandas_categorical == before.pandas_categorical


def test_two_ends_of_a_lightgbm_file(folder: Path) -> None:
    text = (folder / "l.txt").read_text()
    with pytest.raises(ValueError, match="pandas_categorical is there twice"):
        walk_lightgbm(text + "\npandas_categorical:null\n")
    names = line("feature_names", put(1, "age"))
    with pytest.raises(ValueError, match="two columns are called 'age'"):
        walk_lightgbm(names(text))


SYMMETRIC = ("oblivious_trees", 0)
CATBOOST = [
    ((*SYMMETRIC, "leaf_values"), [1.0], "tree 0 has not"),
    ((*SYMMETRIC, "leaf_values", 0), float("nan"), "NaN is no number"),
    ((*SYMMETRIC, "leaf_values", 0), "x", "a value of tree 0"),
    ((*SYMMETRIC, "splits"), [{}] * 40, "more than 16 levels"),
    ((*SYMMETRIC, "splits", 0, "split_index"), 5000, "a test of tree 0"),
    (("scale_and_bias",), [float("nan"), [0.5]], "NaN is no number"),
    (("scale_and_bias",), [], "not enough values"),
    (("features_info", "float_features", 1, "flat_feature_index"), -1, "flat_feature_index, -1"),
    (("features_info", "float_features", 1, "flat_feature_index"), 0, "a place twice"),
    (("features_info", "float_features", 1, "feature_index"), 2000000000, "feature_index of float_features"),
    (("model_info", "params"), "[" * 100000, "without end"),
]


@pytest.mark.parametrize(("path", "value", "says"), CATBOOST)
def test_catboost(folder: Path, tmp_path: Path, path: tuple[Any, ...], value: Any, says: str) -> None:
    file = tmp_path / "m.json"
    file.write_text(forged(json.loads((folder / "c.json").read_text()), path, value))
    with pytest.raises(DecodeError, match=f"m.json: not a model that CatBoost reads: .*{says}"):
        load_model(file)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("ctr_data",), "one_hot_max_size"),
        (("features_info", "ctrs"), "one_hot_max_size"),
        (("features_info", "text_features"), "fit without them"),
        (("features_info", "embedding_features"), "fit without them"),
    ],
)
def test_what_catboost_computes_before_its_trees_is_not_opened(folder: Path, path: tuple[Any, ...], says: str) -> None:
    text = forged(json.loads((folder / "c.json").read_text()), path, [{"hash_map": [1, 2]}])
    with pytest.raises(UnsupportedModelError, match=says):
        walk_catboost(text)


def test_a_column_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    import pyfe

    data = json.loads((folder / "c.json").read_text())
    used = data["oblivious_trees"][0]["splits"][0]["float_feature_index"]
    text = forged(data, ("features_info", "float_features", used, "flat_feature_index"), 50)
    walk_catboost(text)  # the library knows how many columns there are
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UnsupportedModelError, match="tests column 50 of"):
        pyfe.schema_for_trees(load_model(tmp_path / "m.json"))


def test_nodes_that_were_pruned_away(tmp_path: Path) -> None:
    xgboost = library("xgboost")
    pruned = xgboost.XGBClassifier(n_estimators=4, max_depth=2, tree_method="exact", gamma=5, n_jobs=1).fit(X, TWO)
    for file in (tmp_path / "m.json", tmp_path / "m.ubj"):
        pruned.save_model(file)
        walk_xgboost(file.read_bytes())
    trees = json.loads((tmp_path / "m.json").read_text())["learner"]["gradient_booster"]["model"]["trees"]
    assert any(max(tree["split_indices"]) > X.shape[1] for tree in trees)


def test_linear_functions_in_leaves_and_forests() -> None:
    """What is in a file that lightgbm wrote is passed, and the model is the same."""
    lightgbm = library("lightgbm")
    rows = X.fillna(0.0)
    for how in ({"linear_tree": True}, {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}):
        model = lightgbm.LGBMRegressor(n_estimators=3, max_depth=2, n_jobs=1, verbose=-1, **how).fit(rows, TWO).booster_
        copy = lightgbm.Booster(model_str=walk_lightgbm(model.model_to_string()))
        assert (copy.predict(rows) == model.predict(rows)).all()
