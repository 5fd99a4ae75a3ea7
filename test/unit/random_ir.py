"""Functions of random `arith` operations, with what they must compute."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import arith_semantics as semantics
from arith_semantics import bits_of

SAMPLES = 48
WIDTHS = (2, 3, 7, 8, 15, 16, 17, 20, 24, 31, 32, 33, 40, 48, 63, 64, 65, 100, 128)
BINARY = (*semantics.EXACT, *semantics.SIGNED, *semantics.UNSIGNED, "shrsi")
PREDICATES = ("eq", "ne", *(sign + name for name in ("lt", "le", "gt", "ge") for sign in "su"))
NOT_ON_WORDS = frozenset({*semantics.SIGNED, "shrsi", "divui", "remui"})
"""Operations that are refused beyond 64 bits."""


def operations_of(type_: str) -> list[str]:
    """The operations on two values that are printed for a type."""
    if type_ == "i1":
        return ["andi", "ori", "xori", "maxui", "minui"]
    if bits_of(type_) > 64:
        return [operation for operation in BINARY if operation not in NOT_ON_WORDS]
    return list(BINARY)


def predicates_of(type_: str) -> list[str]:
    """The comparisons that are printed for a type."""
    has_sign = 1 < bits_of(type_) <= 64
    return [name for name in PREDICATES if has_sign or name[0] != "s"]


@dataclass(frozen=True)
class Value:
    """An SSA value and what it is for each sample."""

    name: str
    type: str
    samples: list[int]


@dataclass
class RandomFunction:
    """A function that maps two arrays to one, built operation by operation."""

    name: str
    random: random.Random
    values: list[Value] = field(default_factory=list[Value])
    inputs: list[Value] = field(default_factory=list[Value])
    lines: list[str] = field(default_factory=list[str])

    def sample(self, bits: int) -> int:
        """A random value, often an extreme one."""
        extremes = (0, 1, 2, (1 << bits) - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1)
        anything = self.random.getrandbits(bits)
        small = (anything % 33 - 16) % (1 << bits)
        return self.random.choice((*extremes, anything, anything, small, small)) % (1 << bits)

    def input(self, type_: str) -> Value:
        """An element of an argument."""
        name = "ab"[len(self.inputs)]
        self.lines.append(f"%{name}_ = memref.load %{name}[%i] : memref<{SAMPLES}x{type_}>")
        samples = [self.sample(bits_of(type_)) for _ in range(SAMPLES)]
        value = Value(f"{name}_", type_, samples)
        self.values.append(value)
        self.inputs.append(value)
        return value

    def operation(self, text: str, type_: str, samples: list[int]) -> Value:
        """A new value; one with a name becomes a variable in C++."""
        name = self.random.choice(("", "", "named_"))
        value = Value(f"{name}{len(self.lines)}", type_, samples)
        self.lines.append(f"%{value.name} = arith.{text}")
        self.values.append(value)
        return value

    def constant(self, value: int, type_: str) -> Value:
        """A constant."""
        number = semantics.signed(value, bits_of(type_)) if type_ != "i1" else value
        return self.operation(f"constant {number} : {type_}", type_, [value] * SAMPLES)

    def binary(self, operation: str, a: Value, b: Value, *, promise: bool = False) -> Value:
        """An operation on two values of a type, promised not to overflow where it does not."""
        bits = bits_of(a.type)
        pairs = list(zip(a.samples, b.samples, strict=True))
        flag = ""
        if operation in semantics.EXACT:
            wraps = any(semantics.overflows(operation, x, y, bits) for x, y in pairs)
            if wraps and a.type == "index":
                return self.binary("xori", a, b)  # an index never overflows
            if promise and not wraps and bits <= 64 and a.type != "index":
                flag = "overflow<nsw> "
        samples = [semantics.binary(operation, x, y, bits) for x, y in pairs]
        text = f"{operation} %{a.name}, %{b.name} {flag}: {a.type}"
        return self.operation(text, a.type, samples)

    def amount(self, type_: str) -> Value:
        """
        A valid shift amount: a constant, or a value with its high bits masked away, or cut off and
        zero again.
        """
        bits = bits_of(type_)
        largest = (1 << ((bits).bit_length() - 1)) - 1
        if self.random.random() < 0.4:
            return self.constant(self.random.randrange(bits), type_)
        if type_ != "index" and self.random.random() < 0.5:
            few = f"i{largest.bit_length()}"
            low = self.converted(self.pick(type_), few)
            return self.operation(f"extui %{low.name} : {few} to {type_}", type_, low.samples)
        mask = self.constant(largest, type_)
        return self.binary("andi", self.pick(type_), mask)

    def divisor(self, type_: str) -> Value:
        """A value that is neither 0 nor -1."""
        two, positive = self.constant(2, type_), (1 << (bits_of(type_) - 1)) - 1
        masked = self.binary("andi", self.pick(type_), self.constant(positive, type_))
        return self.binary("ori", masked, two if bits_of(type_) > 2 else self.constant(1, type_))

    def pick(self, type_: str) -> Value:
        """A value of a type; another one converted if there is none."""
        candidates = [value for value in self.values if value.type == type_]
        if candidates and self.random.random() < 0.8:
            return self.random.choice(candidates)
        return self.converted(self.random.choice(self.values), type_)

    def converted(self, value: Value, type_: str) -> Value:
        """A value in another type."""
        if value.type == type_:
            return value
        if type_ == "index" or value.type == "index":
            other = type_ if value.type == "index" else value.type
            if other == "i1":
                return self.constant(self.sample(bits_of(type_)), type_)
            operation = "index_cast"
        elif bits_of(value.type) > bits_of(type_):
            operation = "trunci"
        else:
            has_sign = bits_of(value.type) <= 64
            operation = self.random.choice(("extsi", "extui")) if has_sign else "extui"
        bits = bits_of(value.type), bits_of(type_)
        samples = [semantics.convert(operation, sample, *bits) for sample in value.samples]
        return self.operation(
            f"{operation} %{value.name} : {value.type} to {type_}", type_, samples
        )

    def step(self, type_: str) -> None:
        """Add a random operation with a result of a type."""
        bits = bits_of(type_)
        if bits == 1:
            self._boolean()
            return
        kind = self.random.choice(("binary", "binary", "binary", "select", "constant"))
        if kind == "constant":
            self.constant(self.sample(bits), type_)
        elif kind == "select":
            condition, a, b = self.pick("i1"), self.pick(type_), self.pick(type_)
            triples = zip(condition.samples, a.samples, b.samples, strict=True)
            samples = [x if c else y for c, x, y in triples]
            text = f"select %{condition.name}, %{a.name}, %{b.name} : {type_}"
            self.operation(text, type_, samples)
        else:
            operation = self.random.choice(operations_of(type_))
            a, b = self.pick(type_), self.operand(operation, type_)
            self.binary(operation, a, b, promise=self.random.random() < 0.8)

    def operand(self, operation: str, type_: str) -> Value:
        """A right-hand side for which the operation is defined."""
        if operation[:3] in ("div", "rem"):
            return self.divisor(type_)
        return self.amount(type_) if operation[:2] == "sh" else self.pick(type_)

    def _boolean(self) -> None:
        operands = [value.type for value in self.values if value.type != "i1"]
        if self.random.random() < 0.4:
            operation = self.random.choice(("andi", "ori", "xori"))
            self.binary(operation, self.pick("i1"), self.pick("i1"))
        else:
            type_ = self.random.choice(operands)
            predicate = self.random.choice(predicates_of(type_))
            self.compare(predicate, self.pick(type_), self.pick(type_))

    def compare(self, predicate: str, a: Value, b: Value) -> None:
        """Compare two values of a type."""
        pairs = zip(a.samples, b.samples, strict=True)
        samples = [semantics.compare(predicate, x, y, bits_of(a.type)) for x, y in pairs]
        self.operation(f"cmpi {predicate}, %{a.name}, %{b.name} : {a.type}", "i1", samples)

    @property
    def result(self) -> Value:
        """What the function stores."""
        return self.values[-1]

    def mlir(self) -> str:
        """The function's text."""
        arguments = ", ".join(
            f"%{name}: memref<{SAMPLES}x{value.type}>"
            for name, value in zip(("a", "b", "out"), (*self.inputs, self.result), strict=True)
        )
        body = "\n".join(self.lines)
        return f"""
func.func @{self.name}({arguments}) {{
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = arith.constant {SAMPLES} : index
  scf.for %i = %zero to %size step %one {{
{body}
memref.store %{self.result.name}, %out[%i] : memref<{SAMPLES}x{self.result.type}>
  }}
  return
}}"""
