"""What an ONNX graph may be and may cost: files are never read, and a small graph never costs much."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe.errors import UnsupportedModelError
from pyfe.models import compile
from pyfe.schema import Schema

onnx = pytest.importorskip("onnx")
helper, TensorProto = (getattr(onnx, name, None) for name in ("helper", "TensorProto"))

N = 3
SCHEMA = Schema.from_ranges({f"x{i}": (0, 7) for i in range(N)}, bits=3)


def value(name: str, shape: list[Any], kind: int = 11) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes: list[Any], constants: tuple[Any, ...] = (), **rest: Any) -> Any:
    """A graph from x [rows, N] to y."""
    graph = helper.make_graph(nodes, "g", [value("x", [None, N])], [value("y", [None, None])], list(constants))
    opsets = [helper.make_opsetid(d, v) for d, v in (("", 17), ("ai.onnx.ml", 3), ("own", 1))]
    return helper.make_model(graph, opset_imports=opsets, **rest)


def constant(name: str, array: Any) -> Any:
    return onnx.numpy_helper.from_array(np.asarray(array), name)


WEIGHTS = np.arange(1.0, N + 1)[:, None]
PRODUCT = helper.make_node("MatMul", ["x", "w"], ["y"])


# -- data in another file --


def outside(name: str = "w") -> Any:
    """A tensor whose numbers are said to lie in a file; the file is there and would do."""
    tensor = TensorProto(name=name, data_type=TensorProto.DOUBLE, dims=[N, 1], data_location=TensorProto.EXTERNAL)
    for key, entry in (("location", "weights.bin"), ("offset", "0"), ("length", str(8 * N))):
        tensor.external_data.add(key=key, value=entry)
    return tensor


def said_only_by_its_keys() -> Any:
    tensor = outside()
    tensor.ClearField("data_location")
    return tensor


def sparse(values: Any) -> Any:
    indices = constant("i", np.arange(N))
    return helper.make_sparse_tensor(values, indices, [N, 1])


def inner(tensor: Any) -> Any:
    """A graph inside of a node."""
    return helper.make_graph([], "inner", [], [value("w", [N, 1])], [tensor])


def holds(**attributes: Any) -> Any:
    """A graph whose weights are right, with a node before it that nothing needs and that has an attribute."""
    spare = helper.make_node("Identity", ["x"], ["unused"])
    spare.attribute.extend(helper.make_attribute(name, entry) for name, entry in attributes.items())
    return model_of([spare, PRODUCT], (constant("w", WEIGHTS),))


def of_function() -> Any:
    body = [helper.make_node("Constant", [], ["w"], value=outside()), helper.make_node("MatMul", ["a", "w"], ["b"])]
    function = helper.make_function("own", "scored", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    return model_of([helper.make_node("scored", ["x"], ["y"], domain="own")], functions=[function])


def of_unused_function() -> Any:
    body = [helper.make_node("Constant", [], ["b"], value=outside())]
    function = helper.make_function("own", "spare", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    return model_of([PRODUCT], (constant("w", WEIGHTS),), functions=[function])


def of_default() -> Any:
    """The default of a function's attribute."""
    function = of_unused_function().functions[0]
    function.node[0].attribute[0].CopyFrom(helper.make_attribute("value", constant("w", WEIGHTS)))
    function.attribute_proto.append(helper.make_attribute("kept", outside()))
    return model_of([PRODUCT], (constant("w", WEIGHTS),), functions=[function])


def of_training() -> Any:
    model = model_of([PRODUCT], (constant("w", WEIGHTS),))
    model.training_info.add().initialization.initializer.append(outside("v"))
    return model


def of_sparse_initializer() -> Any:
    model = model_of([PRODUCT], (constant("w", WEIGHTS),))
    model.graph.sparse_initializer.append(sparse(outside()))
    return model


PLACES: dict[str, Callable[[], Any]] = {
    "initializer": lambda: model_of([PRODUCT], (outside(),)),
    "initializer nothing needs": lambda: model_of([PRODUCT], (constant("w", WEIGHTS), outside("v"))),
    "initializer without a location": lambda: model_of([PRODUCT], (said_only_by_its_keys(),)),
    "sparse initializer": of_sparse_initializer,
    "Constant": lambda: model_of([helper.make_node("Constant", [], ["w"], value=outside()), PRODUCT]),
    "attribute": lambda: holds(value=outside()),
    "list of tensors": lambda: holds(values=[constant("a", WEIGHTS), outside()]),
    "sparse attribute": lambda: holds(value=sparse(outside())),
    "list of sparse tensors": lambda: holds(values=[sparse(outside())]),
    "graph of a node": lambda: holds(body=inner(outside())),
    "list of graphs": lambda: holds(bodies=[inner(constant("w", WEIGHTS)), inner(outside())]),
    "graph in a graph": lambda: holds(
        body=helper.make_graph(
            [helper.make_node("If", ["c"], ["w"], then_branch=inner(outside()))], "outer", [], [value("w", [N, 1])]
        )
    ),
    "function": of_function,
    "function that is not called": of_unused_function,
    "default of a function": of_default,
    "training": of_training,
}


@pytest.mark.parametrize("place", PLACES)
def test_data_in_another_file_is_refused(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands; in a folder where the file exists, so that only the rule can refuse."""
    monkeypatch.chdir(tmp_path)
    Path("weights.bin").write_bytes(WEIGHTS.tobytes())
    with pytest.raises(UnsupportedModelError, match="has data in another file"):
        compile(PLACES[place](), SCHEMA)


def test_the_command_refuses_it_too(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "schema.pyfe").write_bytes(SCHEMA.to_bytes())
    for name, model in (("out", PLACES["Constant"]()), ("in", model_of([PRODUCT], (constant("w", WEIGHTS),)))):
        (tmp_path / f"{name}.onnx").write_bytes(model.SerializeToString())
    command = [str(Path(sys.executable).parent / "pyfe"), "compile", "--schema", "schema.pyfe", "--output"]
    done = [
        subprocess.run([*command, f"{n}.pyfe", f"{n}.onnx"], cwd=tmp_path, capture_output=True, text=True, check=False)
        for n in ("in", "out")
    ]
    assert done[0].returncode == 0, done[0].stderr
    assert done[1].returncode != 0
    assert "has data in another file" in " ".join(done[1].stderr.split())
    assert not (tmp_path / "out.pyfe").exists()


# -- cost --


def shape(*dims: int) -> Any:
    return constant("s", np.array(dims, dtype=np.int64))


def after(node: Any, *constants: Any) -> Any:
    """x + sum(whatever the node makes)."""
    nodes = [
        node,
        helper.make_node("ReduceSum", ["big"], ["t"], keepdims=0),
        helper.make_node("Add", ["x", "t"], ["y"]),
    ]
    return model_of(nodes, constants)


def chain(op: str, count: int, **attributes: Any) -> Any:
    """A value with itself, again and again."""
    nodes = [helper.make_node(op, [f"v{i}", f"v{i}"], [f"v{i + 1}"], **attributes) for i in range(count)]
    nodes[0].input[:] = ["x", "x"]
    nodes[-1].output[:] = ["y"]
    return model_of(nodes)


def functions(count: int, calls: int, *, around: bool = False) -> Any:
    """Functions that call one another, each the one before it a few times."""
    made = []
    for i in range(count):
        callee = f"f{count - 1 if around and i == 0 else i - 1}"
        body = [
            helper.make_node(
                callee if i or around else "Neg", [f"a{c}"], [f"a{c + 1}"], domain="own" if i or around else ""
            )
            for c in range(calls)
        ]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        made.append(helper.make_function("own", f"f{i}", ["a0"], [f"a{calls}"], body, opsets))
    return model_of([helper.make_node(f"f{count - 1}", ["x"], ["y"], domain="own")], functions=made)


def tensor_of(dims: list[int], kind: int = TensorProto.DOUBLE, **fields: Any) -> Any:
    return TensorProto(name="w", data_type=kind, dims=dims, **fields)


def loop(times: int) -> Any:
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Add", ["v", "v"], ["u"])],
        "body",
        [value("i", [], 7), value("c", [], 9), value("v", [None, N])],
        [value("d", [], 9), value("u", [None, N])],
    )
    node = helper.make_node("Loop", ["s", "", "x"], ["y"], body=body)
    return model_of([node], (constant("s", np.int64(times)),))


def nested(depth: int) -> Any:
    graph = helper.make_graph([PRODUCT], "g", [], [value("y", [])])
    for _ in range(depth):
        graph = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=graph)], "g", [], [value("y", [])])
    return model_of(list(graph.node))


def tree_going_round() -> Any:
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0],
        nodes_nodeids=[0, 1], nodes_featureids=[0, 0], nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ"],
        nodes_values=[9.0, 9.0], nodes_truenodeids=[1, 0], nodes_falsenodeids=[1, 0], nodes_hitrates=[1.0, 1.0],
        nodes_missing_value_tracks_true=[0, 0], target_treeids=[0], target_nodeids=[0], target_ids=[0],
        target_weights=[1.0],
    )  # fmt: skip
    return model_of([node])


BOMBS: dict[str, tuple[Callable[[], Any], str]] = {
    "ConstantOfShape": (
        lambda: after(helper.make_node("ConstantOfShape", ["s"], ["big"]), shape(1 << 20, 1 << 20)), "elements",
    ),
    "Expand": (lambda: after(helper.make_node("Expand", ["x", "s"], ["big"]), shape(1 << 24, 1, N)), "elements"),
    "Tile": (lambda: after(helper.make_node("Tile", ["x", "s"], ["big"]), shape(1 << 20, 1 << 10)), "elements"),
    "Range": (
        lambda: after(
            helper.make_node("Range", ["a", "b", "c"], ["big"]),
            constant("a", 0.0), constant("b", 1e9), constant("c", 1e-3),
        ),
        "elements",
    ),
    "Pad": (
        lambda: after(helper.make_node("Pad", ["x", "s"], ["big"]), shape(0, 0, 1 << 30, 0)),
        r"\(Pad\) is no polynomial",
    ),
    "Resize": (
        lambda: after(helper.make_node("Resize", ["x", "", "", "s"], ["big"]), shape(1 << 20, 1 << 20)),
        r"\(Resize\) is no polynomial",
    ),
    "OneHot": (
        lambda: after(
            helper.make_node("OneHot", ["s", "d", "v"], ["big"]),
            shape(1, 2), constant("d", np.int64(1 << 32)), constant("v", np.array([0.0, 1.0])),
        ),
        "carried out",
    ),
    "Split": (
        lambda: model_of(
            [helper.make_node("Split", ["x"], ["a"], num_outputs=1 << 40), helper.make_node("Tanh", ["a"], ["y"])]
        ),
        "more parts than outputs",
    ),
    "TopK": (
        lambda: model_of(
            [helper.make_node("Tanh", ["x"], ["a"]), helper.make_node("TopK", ["a", "s"], ["y", "i"])],
            (shape(1 << 40),)
        ),
        "elements",
    ),
    "FeatureVectorizer": (
        lambda: model_of(
            [helper.make_node("FeatureVectorizer", ["x"], ["y"], domain="ai.onnx.ml", inputdimensions=[1 << 40])]
        ),
        "elements",
    ),
    "BatchNormalization": (
        lambda: model_of(
            [helper.make_node("BatchNormalization", ["x", *"smmv"], ["y"])],
            (constant("m", np.zeros((1, 1, 1, 4000))), constant("v", np.ones(4000)),
             constant("s", np.ones(4000))),
        ),
        "elements|cannot be evaluated",
    ),
    "support vectors": (
        lambda: model_of(
            [helper.make_node("SVMRegressor", ["x"], ["y"], domain="ai.onnx.ml", coefficients=[1.0], rho=[0.0],
                              support_vectors=[1.0] * N, kernel_type="LINEAR", kernel_params=[1.0, 0.0, 1.0],
                              n_supports=1 << 40, n_targets=1)]
        ),
        "elements",
    ),
    "pairs of classes": (
        lambda: model_of(
            [helper.make_node("SVMClassifier", ["x"], ["l", "y"], domain="ai.onnx.ml", coefficients=[1.0], rho=[0.0],
                              support_vectors=[1.0] * N, kernel_type="LINEAR", kernel_params=[1.0, 0.0, 1.0],
                              vectors_per_class=[1], classlabels_ints=list(range(5000)))]
        ),
        "elements",
    ),
    "random": (lambda: after(helper.make_node("RandomNormal", [], ["big"], shape=[1 << 20, 1 << 20])), "carried out"),
    "outer product": (
        lambda: model_of(
            [
                helper.make_node("Reshape", ["x", "s"], ["c"]),
                helper.make_node("Expand", ["c", "r"], ["d"]),
                helper.make_node("Transpose", ["d"], ["e"]),
                helper.make_node("MatMul", ["d", "e"], ["f"]),
                helper.make_node("ReduceSum", ["f"], ["t"], keepdims=0),
                helper.make_node("Add", ["x", "t"], ["y"]),
            ],
            (shape(-1, 1), constant("r", np.array([1, 4096], dtype=np.int64))),
        ),
        "affine nor quadratic|elements|computing",
    ),
    "Concat": (lambda: chain("Concat", 60, axis=1), "elements"),
    "products": (lambda: chain("Mul", 900), "degree three"),
    "many nodes": (lambda: chain("Add", 3000), "3000 nodes"),
    "functions": (lambda: functions(40, 2), "nodes"),
    "a function of itself": (lambda: functions(1, 1, around=True), "calls itself"),
    "functions of one another": (lambda: functions(3, 2, around=True), "calls itself"),
    "a loop": (lambda: loop(10**12), "graph of its own"),
    "graphs in graphs": (lambda: nested(20), "graph of its own|nested"),
    "a tree that goes round": (tree_going_round, "carried out|no polynomial"),
    "a cycle": (
        lambda: model_of([helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Neg", ["a"], ["b"]),
                          helper.make_node("Neg", ["a"], ["y"])]),
        "which nothing before it makes",
    ),
    "made twice": (
        lambda: model_of([helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["y"])]), "made twice",
    ),
    "nothing makes the output": (lambda: model_of([helper.make_node("Neg", ["x"], ["z"])]), "nothing makes"),
    "no data": (lambda: model_of([PRODUCT], (tensor_of([1 << 40, 1]),)), "asks for"),
    "too little raw data": (lambda: model_of([PRODUCT], (tensor_of([N, 1], raw_data=b"1234567"),)), "asks for"),
    "too little of a list": (lambda: model_of([PRODUCT], (tensor_of([N, 1], double_data=[1.0]),)), "asks for"),
    "a negative dimension": (lambda: model_of([PRODUCT], (tensor_of([-N, -1], double_data=[1.0] * N),)), "no shape"),
    "text without text": (lambda: model_of([PRODUCT], (tensor_of([N, 1], TensorProto.STRING),)), "asks for"),
    "raw text": (lambda: model_of([PRODUCT], (tensor_of([N, 1], TensorProto.STRING, raw_data=b"abc"),)), "asks for"),
    "an unknown type": (lambda: model_of([PRODUCT], (tensor_of([N, 1], 99),)), "of type 99"),
    "text for numbers": (
        lambda: model_of([PRODUCT], (tensor_of([N, 1], TensorProto.STRING, string_data=[b"a"] * N),)),
        "cannot be evaluated",
    ),
    "text that is no text": (
        lambda: model_of([PRODUCT], (tensor_of([N, 1], TensorProto.STRING, string_data=[b"\xff"] * N),)),
        "cannot be read|affine nor quadratic",
    ),
    "a sparse tensor": (lambda: holds(value=sparse(constant("v", WEIGHTS.ravel()))), "sparse tensor"),
    "no input": (
        lambda: model_of([helper.make_node("Identity", ["w"], ["y"])], (constant("w", WEIGHTS),)), "shape",
    ),
    "an input that is no tensor": (
        lambda: helper.make_model(helper.make_graph(
            [helper.make_node("SequenceAt", ["x", "i"], ["y"])], "g",
            [helper.make_tensor_sequence_value_info("x", 11, None)], [value("y", [None, N])],
            [constant("i", np.int64(0))])),
        "no tensor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_graph_never_costs_much(bomb: str) -> None:
    """Refused by name within a second and 64 MB, though the graph says that it is cheap."""
    make, wanted = BOMBS[bomb]
    model = make()
    assert model.ByteSize() < 2**17
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(UnsupportedModelError, match=wanted):
        compile(model, SCHEMA)
    assert time.process_time() - start < 2  # one second, on a machine that does other things too
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_rows_are_taken_in_pieces() -> None:
    """Many products of many columns are no bomb: fewer rows at once, and the same map."""
    n = 40
    schema = Schema.from_ranges({f"x{i}": (-1, 1) for i in range(n)}, bits=2)
    i, j = np.triu_indices(n)
    nodes = [
        helper.make_node("Gather", ["x", "i"], ["a"], axis=1),
        helper.make_node("Gather", ["x", "j"], ["b"], axis=1),
        helper.make_node("Mul", ["a", "b"], ["p"]),
        helper.make_node("MatMul", ["p", "w"], ["z"]),
        helper.make_node("Tanh", ["z"], ["t"]),  # so that the map of the products must be probed
        helper.make_node("Sub", ["t", "t"], ["o"]),
        helper.make_node("Add", ["z", "o"], ["y"]),
    ]
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(len(i), 1))
    graph = helper.make_graph(
        nodes, "g", [value("x", [None, n])], [value("y", [None, 1])],
        [constant("i", i), constant("j", j), constant("w", weights)],
    )  # fmt: skip
    function = compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), schema, weight_bits=16)
    x = schema.sample(rng, 100)
    real = schema.decode(x)
    theirs = (real[:, i] * real[:, j]) @ weights
    ours = function.decision_function(function.evaluate({f"x{c}": real[:, c] for c in range(n)}))
    assert np.abs(theirs.ravel() - ours).max() <= function.max_error[0]


def test_onnx_never_loads_other_files(tmp_path: Path) -> None:
    """The command opens the model, and no file that the model names; as the interpreter's own audit sees it."""
    (tmp_path / "m.onnx").write_bytes(PLACES["initializer"]().SerializeToString())
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "s.pyfe").write_bytes(SCHEMA.to_bytes())
    program = """
        import sys
        opened = []
        sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
        from pyfe.cli import main
        assert main(["compile", "m.onnx", "--schema", "s.pyfe", "--output", "f.pyfe"]) == 1
        assert any(name.endswith("m.onnx") for name in opened)
        assert not any("weights.bin" in name for name in opened)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
