"""
Each operation on its own: emitted as a small kernel, compiled, and compared with the reference on
random and extreme inputs. All that a memory holds besides the operands is garbage, and must stay
as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernels import Case, CaseBuilder, get, placed, put, rows_of
from numpy.typing import NDArray
from operator_kernels import (
    MOST_CHANNELS,
    MOST_TOKENS,
    RESIDUAL_BITS,
    SPARE_ROWS,
    AttentionUnit,
    Unit,
    attention_unit,
    layer_norm_unit,
    linear_unit,
    movement_unit,
)
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AttentionContextOp,
    AttentionScoresOp,
    BinaryType,
    GeluOp,
    LayerNormOp,
    LinearOp,
    ParameterOp,
    PatchEmbedOp,
    PatchesOp,
    QuantizedType,
    QuantizeOp,
    RequantizeOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.types import IntegerElement, dot_product_bits
from vaqf_compiler.emit.packing import fill_image
from vaqf_compiler.engines.accelerator import bits_of, width_of
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.linear.plan import Epilogue

Ints = NDArray[np.int64]


def q(bits: int, scale: float = 1.0) -> QuantizedType:
    """A signed integer type."""
    return QuantizedType(bits, scale)


def integers(data: st.DataObject, shape: tuple[int, ...], low: int, high: int) -> Ints:
    """Integers of a range in one of several fashions, most of them extreme."""
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    uniform = generator.integers(low, high, shape, endpoint=True)
    fashions = ("uniform", "small", "low", "high", "zero", "ends", "zero rows")
    match data.draw(st.sampled_from(fashions)):
        case "small":
            return np.clip(generator.integers(-2, 2, shape, endpoint=True), low, high)
        case "low":
            return np.full(shape, low)
        case "high":
            return np.full(shape, high)
        case "zero":
            return np.clip(np.zeros(shape, dtype=np.int64), low, high)
        case "ends":
            return generator.choice(np.array([low, high]), shape)
        case "zero rows":
            return uniform * generator.integers(0, 2, (*shape[:-1], 1))
        case _:
            return uniform


def values(data: st.DataObject, shape: tuple[int, ...], element: IntegerElement) -> Ints:
    """Integers of a type."""
    if isinstance(element, BinaryType):
        ends = integers(data, shape, 0, 1)
        return np.where(ends > 0, 1, -1)
    return integers(data, shape, element.minimum, element.maximum)


def choose(data: st.DataObject, low: int, high: int) -> int:
    """A number of a range."""
    return data.draw(st.integers(low, high))


def memories(data: st.DataObject, unit: Unit) -> dict[str, Ints]:
    """The memories of a kernel, full of garbage."""
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    found: dict[str, Ints] = {}
    for name, type_ in unit.kernel.arrays.items():
        bits = bits_of(type_)
        if bits <= 64:
            half = 1 << (min(bits, 32) - 1)
            found[name] = generator.integers(-half, half, type_.get_shape())
    return found


def parameter(name: str, numbers: Ints, element: IntegerElement) -> SSAValue:
    """A parameter of given integers; its scale must be 1 or a power of two."""
    source = ParameterOp(name, TensorType(f32, numbers.shape)).result
    return QuantizeOp(source, element).result


def check(
    unit: Unit, case: Case, before: dict[str, Ints], inputs: list[Ints], memory: str, row: int
) -> None:
    """Run a case everywhere; the result must be in a memory from a row on."""
    expected = case.reference(*inputs)
    ports, scalars = case.call(unit.engine, unit.accelerator)
    for backend in unit.backends:
        found = unit.kernel.run(backend, {**before, **ports}, scalars)
        kept = {name: np.ones(len(contents), dtype=bool) for name, contents in before.items()}
        if memory == "logits":  # a port, of which whole groups of lanes are written
            result = found[memory][: expected.size].reshape(expected.shape)
            kept[memory][: expected.size + unit.lanes] = False
        else:
            result = get(found[memory], expected.shape, row)
            rows = len(expected) * rows_of(unit.kernel.arrays[memory], expected.shape[1])
            kept[memory][row : row + rows] = False
        np.testing.assert_array_equal(result, expected, err_msg=backend)
        for name, mask in kept.items():
            np.testing.assert_array_equal(found[name][mask], before[name][mask], err_msg=backend)


def check_linear(data: st.DataObject, unit: Unit, epilogue: Epilogue) -> None:
    """A linear layer, and what comes after it."""
    engine = unit.engine.sym_name.data
    memory, weight_type = ("activations", BinaryType(1.0))
    if engine == "int8_linear":
        memory, weight_type = ("image", q(8))
    x_type, bias_type = q(bits_of(unit.kernel.arrays[memory])), q(choose(data, 1, 31))
    step = 1 if epilogue is Epilogue.LOGITS else unit.lanes
    tokens = 1 if epilogue is Epilogue.LOGITS else choose(data, 1, MOST_TOKENS)
    in_channels = choose(data, 1, MOST_CHANNELS)
    out_channels = step * choose(data, 1, MOST_CHANNELS // step)
    x = values(data, (tokens, in_channels), x_type)
    weight = values(data, (out_channels, in_channels), weight_type)
    bias = values(data, (out_channels,), bias_type) if data.draw(st.booleans()) else None
    source, target = choose(data, 0, SPARE_ROWS), choose(data, 0, SPARE_ROWS)

    before = memories(data, unit)
    put(before[memory], x, source)
    inputs = [x]
    scale = 2.0 ** data.draw(st.floats(-3, 25))  # the kernels were built for such shifts
    stream = q(RESIDUAL_BITS, scale)
    types = [TensorType(x_type, x.shape)]
    if epilogue is Epilogue.RESIDUAL:
        types.append(TensorType(stream, [tokens, out_channels]))
        inputs.append(values(data, (tokens, out_channels), stream))
        put(before["residual"], inputs[1], target)
    elif memory == "activations":
        target += source + tokens * rows_of(unit.kernel.arrays[memory], in_channels)
    build = CaseBuilder(engine, types)
    weights: dict[str, Ints] = {"weight": weight}
    with ImplicitBuilder(build.outside):
        operands = [placed(build.arguments[0], memory, source)]
        if epilogue is Epilogue.RESIDUAL:
            operands.append(placed(build.arguments[1], "residual", target))
        w, b = parameter("weight", weight, weight_type), None
        if bias is not None:
            b, weights["bias"] = parameter("bias", bias, bias_type), bias
    bits = dot_product_bits(in_channels, x_type, weight_type, bias_type if b else None)
    with ImplicitBuilder(build.inside):
        result = LinearOp(operands[0], w, b, q(bits)).result
        match epilogue:
            case Epilogue.LOGITS:
                written = "logits"
            case Epilogue.RESIDUAL:
                written = "residual"
                result = AddOp(RequantizeOp(result, stream).result, operands[1]).result
            case Epilogue.ACTIVATION:
                written = "activations"
                result = RequantizeOp(result, q(unit.bits, scale)).result
            case Epilogue.GELU:
                written = "activations"
                middle = q(min(unit.bits + 2, 12), 2.0 ** data.draw(st.floats(-8, 12)))
                final = q(unit.bits, 2.0 ** data.draw(st.floats(-8, 12)))
                kind = data.draw(st.sampled_from(("none", "tanh")))
                result = GeluOp(RequantizeOp(result, middle).result, kind, final).result
    place = None if epilogue is Epilogue.LOGITS else written
    check(unit, build.finish(result, weights, place, target), before, inputs, written, target)


def check_patch_embedding(data: st.DataObject, unit: Unit) -> None:
    """The convolution that makes tokens of an image, added to the position embeddings."""
    size = choose(data, 1, 4)
    colours = choose(data, 1, MOST_CHANNELS // (size * size) if size > 1 else 4)
    grid = data.draw(st.sampled_from([(1, 1), (1, MOST_TOKENS), (2, 3), (2, 2)]))
    out_channels = unit.lanes * choose(data, 1, MOST_CHANNELS // unit.lanes)
    shape = (colours, grid[0] * size, grid[1] * size)
    pixel, weight_type = q(8), q(8)
    image = values(data, shape, pixel)
    weight = values(data, (out_channels, colours, size, size), weight_type)
    stream = q(RESIDUAL_BITS, 2.0 ** data.draw(st.floats(-3, 12)))
    positions = values(data, (grid[0] * grid[1], out_channels), stream)

    before = memories(data, unit)
    patches = (
        image.reshape(colours, grid[0], size, grid[1], size)
        .transpose(1, 3, 0, 2, 4)
        .reshape(len(positions), -1)
    )
    put(before["image"], patches, 0)
    target = choose(data, 0, SPARE_ROWS)
    put(before["residual"], positions, target)
    build = CaseBuilder(
        unit.engine.sym_name.data,
        [TensorType(pixel, shape), TensorType(stream, positions.shape)],
    )
    with ImplicitBuilder(build.outside):
        source = placed(build.arguments[0], "image", 0)
        old = placed(build.arguments[1], "residual", target)
        w = parameter("weight", weight, weight_type)
    total = q(dot_product_bits(patches.shape[1], pixel, weight_type))
    with ImplicitBuilder(build.inside):
        result_type = TensorType(total, positions.shape)
        embedded = PatchEmbedOp(source, w, None, result_type).result
        result = AddOp(RequantizeOp(embedded, stream).result, old).result
    case = build.finish(result, {"weight": weight}, "residual", target)
    check(unit, case, before, [image, positions], "residual", target)


def check_layer_norm(data: st.DataObject, unit: Unit) -> None:
    """Layer normalisation."""
    tokens, channels = choose(data, 1, MOST_TOKENS), unit.accelerator.channels
    x_type = q(RESIDUAL_BITS, 2.0 ** choose(data, -12, 0))
    x = values(data, (tokens, channels), x_type)
    shift = choose(data, 1, 31)
    beta_type = q(32, 2.0 ** choose(data, -20, 0))
    gamma_type = q(16, beta_type.scale.data * 2**LayerNormOp.FRACTION_BITS)
    gamma, beta = (values(data, (channels,), t) for t in (gamma_type, beta_type))
    epsilon = 10.0 ** data.draw(st.floats(-12, 0))

    source, target = choose(data, 0, SPARE_ROWS), choose(data, 0, SPARE_ROWS)
    before = memories(data, unit)
    put(before["residual"], x, source)
    build = CaseBuilder("layer_norm", [TensorType(x_type, x.shape)])
    with ImplicitBuilder(build.outside):
        operand = placed(build.arguments[0], "residual", source)
        g, b = parameter("gamma", gamma, gamma_type), parameter("beta", beta, beta_type)
    with ImplicitBuilder(build.inside):
        final = q(unit.bits, beta_type.scale.data * 2.0**shift)
        result = LayerNormOp(operand, g, b, epsilon, final).result
    weights = {
        "gamma": gamma * gamma_type.scale.data,
        "beta": beta * beta_type.scale.data,
    }
    case = build.finish(result, weights, "activations", target)
    check(unit, case, before, [x], "activations", target)


def check_attention(data: st.DataObject, unit: AttentionUnit, *, shows_softmax: bool) -> None:
    """
    Scores, softmax and context. With `shows_softmax`, values are unit vectors, so that the context
    is the probabilities themselves.
    """
    tokens, channels = choose(data, 1, MOST_TOKENS), unit.heads * unit.head_size
    element = q(unit.bits)
    query, key, value = (values(data, (tokens, channels), element) for _ in range(3))
    if shows_softmax:
        tokens = min(tokens, unit.head_size)
        query, key = query[:tokens], key[:tokens]
        one = min(element.maximum, 1) or -1  # a signed bit is 0 or -1
        value = np.tile(np.eye(tokens, unit.head_size, dtype=np.int64) * one, unit.heads)
    factor = 10.0 ** data.draw(st.floats(-5, 3))
    exponent = choose(data, 1, 35)
    probability = QuantizedType(unit.bits, 2.0**-exponent, signed=False)
    context = q(dot_product_bits(tokens, probability, element), probability.scale.data)
    final = q(unit.bits, context.scale.data * 2.0 ** data.draw(st.floats(-3, 25)))
    if shows_softmax:
        final = q(unit.bits, context.scale.data)

    each = tokens * rows_of(unit.kernel.arrays["activations"], channels)
    first = choose(data, 0, SPARE_ROWS)
    rows = [first + i * each for i in range(4)]
    before = memories(data, unit)
    for tensor, row in zip((query, key, value), rows, strict=False):
        put(before["activations"], tensor, row)
    build = CaseBuilder("attention", [TensorType(element, query.shape)] * 3)
    with ImplicitBuilder(build.outside):
        operands = [
            placed(argument, "activations", row)
            for argument, row in zip(build.arguments, rows, strict=False)
        ]
    with ImplicitBuilder(build.inside):
        score = q(dot_product_bits(unit.head_size, element, element), factor)
        scores = AttentionScoresOp(operands[0], operands[1], unit.heads, factor, score)
        probabilities = SoftmaxOp(scores.result, probability)
        total = AttentionContextOp(probabilities.result, operands[2], context).result
        result = RequantizeOp(total, final).result
    case = build.finish(result, {}, "activations", rows[3])
    check(unit, case, before, [query, key, value], "activations", rows[3])


def check_load_rows(data: st.DataObject, unit: Unit) -> None:
    """Initial tokens, from parameters to the residual stream."""
    shape = (choose(data, 1, MOST_TOKENS), unit.accelerator.channels)
    tokens = values(data, shape, q(RESIDUAL_BITS))
    target = choose(data, 0, SPARE_ROWS)
    build = CaseBuilder("load_rows", [])
    with ImplicitBuilder(build.outside):
        result = parameter("tokens", tokens, q(RESIDUAL_BITS))
    case = build.finish(result, {"tokens": tokens}, "residual", target)
    check(unit, case, memories(data, unit), [], "residual", target)


def check_copy_tokens(data: st.DataObject, unit: Unit) -> None:
    """Pooled tokens, from the activations to the image memory."""
    shape = (choose(data, 1, MOST_TOKENS), unit.accelerator.channels)
    tokens = values(data, shape, q(unit.bits))
    source = choose(data, 0, SPARE_ROWS)
    before = memories(data, unit)
    put(before["activations"], tokens, source)
    build = CaseBuilder("copy_tokens", [TensorType(q(unit.bits), shape)])
    with ImplicitBuilder(build.outside):
        result = placed(build.arguments[0], "activations", source)
    check(unit, build.finish(result, {}, "image", 0), before, [tokens], "image", 0)


def check_load_image(data: st.DataObject, unit: Unit) -> None:
    """An image, cut into patches."""
    memory = unit.kernel.arrays["image"]
    size, colours, grid = choose(data, 1, 4), choose(data, 1, 4), choose(data, 1, 2)
    pixels = values(data, (colours, grid * size, grid * size), q(8))
    build = CaseBuilder("load_image", [TensorType(q(8), pixels.shape)])
    with ImplicitBuilder(build.inside):
        patches = PatchesOp(build.arguments[0], size).result
    port = ImageBuilder("image_port", build.arguments)
    row = width_of(memory) * unit.lanes
    port.pack(PatchesOp(build.arguments[0], size).result, rows=1, columns=row, bits=8)
    before = memories(data, unit)
    ports = {"image_port": fill_image(port.build(), {}, [pixels])}
    expected = build.finish(patches, {}, "image", 0).reference(pixels)
    for backend in unit.backends:
        found = unit.kernel.run(backend, {**before, **ports}, [])["image"]
        np.testing.assert_array_equal(get(found, expected.shape, 0), expected, err_msg=backend)


OPERATORS: dict[str, Callable[[st.DataObject, int, Path], None]] = {
    "linear, binary": lambda d, b, p: check_linear(d, linear_unit(1, b, p), Epilogue.LOGITS),
    "linear, 8 bits": lambda d, b, p: check_linear(d, linear_unit(8, b, p), Epilogue.LOGITS),
    "requantize": lambda d, b, p: check_linear(d, linear_unit(1, b, p), Epilogue.ACTIVATION),
    "gelu": lambda d, b, p: check_linear(d, linear_unit(1, b, p), Epilogue.GELU),
    "add": lambda d, b, p: check_linear(d, linear_unit(1, b, p), Epilogue.RESIDUAL),
    "add, 8 bits": lambda d, b, p: check_linear(d, linear_unit(8, b, p), Epilogue.RESIDUAL),
    "patch_embed": lambda d, b, p: check_patch_embedding(d, linear_unit(8, b, p)),
    "layer_norm": lambda d, b, p: check_layer_norm(d, layer_norm_unit(b, p)),
    "attention": lambda d, b, p: check_attention(d, attention_unit(b, p), shows_softmax=False),
    "softmax": lambda d, b, p: check_attention(d, attention_unit(b, p), shows_softmax=True),
    "load_rows": lambda d, b, p: check_load_rows(d, movement_unit("load_rows", b, p)),
    "copy_tokens": lambda d, b, p: check_copy_tokens(d, movement_unit("copy_tokens", b, p)),
    "patches": lambda d, b, p: check_load_image(d, movement_unit("load_image", b, p)),
}
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("bits", [3, 8])
@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=12, deadline=None, suppress_health_check=QUIET, derandomize=True)
@given(data=st.data())
def test_operator(operator: str, bits: int, directory: Path, data: st.DataObject):
    OPERATORS[operator](data, bits, directory)


@pytest.mark.long
@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=64, deadline=None, suppress_health_check=QUIET)
@given(data=st.data())
def test_operator_in_a_thousand_cases(
    operator: str, bits: int, directory: Path, data: st.DataObject
):
    OPERATORS[operator](data, bits, directory)
