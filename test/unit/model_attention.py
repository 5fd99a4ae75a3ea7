"""Attention of random models: from one layer or three, as one operation or spelt out."""

from __future__ import annotations

from model_parts import ModelParts
from model_source import ODDITIES


class ModelAttention(ModelParts):
    """Each method appends a part to the model."""

    def heads(self, name: str, of: str, heads: int, size: int) -> None:
        """`of`, tokens by channels, split into heads."""
        t = self.tokens
        self.set(
            self.pick(
                [
                    f"{of}.view(1, {t}, {heads}, {size}).transpose(1, 2)",
                    f"{of}.unflatten(-1, ({heads}, {size})).permute(0, 2, 1, 3)",
                    f"{of}.reshape(1, -1, {heads}, {size}).transpose(2, 1)",
                    f"{of}.reshape({t}, {heads}, {size}).transpose(0, 1)[None]",
                ],
                [
                    f"{of}.reshape(1, {heads}, {t}, {size})",
                    f"{of}.reshape(1, {t}, {size}, {heads}).permute(0, 3, 1, 2)",
                    f"{of}.view(1, {t}, {heads}, {size}).transpose(1, 2).flip(1)",
                ],
            ),
            name,
        )

    def attention(self) -> None:
        t, c = self.tokens, self.channels
        heads = self.choose.choice([1, 2, 4])
        if self.choose.random() < ODDITIES:
            self.library(heads)
            return
        size = self.pick([c // heads], [1, 3])
        width = heads * size
        if self.choose.random() < 2 * ODDITIES:  # values of another size
            for name in "qk":
                self.set(f"{self.linear(c, width)}(x)", "y")
                self.heads(name, "y", heads, size)
            value = self.choose.choice([1, 2, 5])
            width = heads * value
            self.set(f"{self.linear(c, width)}(x)", "y")
            self.heads("v", "y", heads, value)
        elif self.choose.random() < 0.5:
            qkv = self.linear(c, 3 * width)
            self.set(f"{qkv}(x)", "y")
            self.fused(heads, size)
        else:
            for name in "qkv":
                self.set(f"{self.linear(c, width)}(x)", "y")
                self.heads(name, "y", heads, size)
        if self.choose.random() < ODDITIES:
            self.set(
                self.choose.choice(
                    [
                        "k, q, v",
                        "q, v, k",
                        "q, q, v",
                        "q, k[:, :1], v[:, :1]",
                        "q[:, :, :1], k, v",
                        "q[0], k[0], v[0]",
                        "q[0], k, v",
                        "q, k, v[0]",
                        "q.flip(2), k, v",
                    ]
                ),
                "q, k, v",
            )
        self.choose.choice([self.one_operation, self.spelt_out])(heads, size)
        self.sees_image = True
        self.set(
            self.pick(
                [
                    f"y.transpose(1, 2).reshape(1, {t}, {width})",
                    "y.permute(0, 2, 1, 3).flatten(2)",
                    f"y.transpose(-3, -2).contiguous().view(1, -1, {width})",
                ],
                [f"y.reshape(1, {t}, {width})", f"y.transpose(2, 3).reshape(1, {t}, {width})"],
            ),
            "y",
        )
        self.set(f"{self.linear(width, c)}(y)", "y")
        self.scaled_residual()

    def library(self, heads: int) -> None:
        """PyTorch's own layer."""
        options = self.pick(
            [", batch_first=True"],
            ["", ", batch_first=True, bias=False", ", batch_first=True, add_zero_attn=True"],
        )
        layer = self.module(f"nn.MultiheadAttention({self.channels}, {heads}{options})")
        weights = self.pick(["False"], ["True"])
        others = self.pick(["x, x"], ["x, x * 2", "x[:, :1], x[:, :1]", "x.flip(1), x"])
        self.set(f"{layer}(x, {others}, need_weights={weights})[0]", "y")
        self.sees_image = True
        self.scaled_residual()

    def fused(self, heads: int, size: int) -> None:
        """Query, key and value out of one layer's result."""
        t, width = self.tokens, heads * size
        if self.choose.random() < 0.5:
            order = self.pick(
                ["2, 0, 3, 1, 4"], ["2, 0, 1, 3, 4", "2, 3, 0, 1, 4", "3, 0, 2, 1, 4"]
            )
            shape = self.pick(
                [f"3, {heads}, {size}"], [f"{heads}, 3, {size}", f"{heads}, {size}, 3"]
            )
            self.set(f"y.reshape(1, {t}, {shape}).permute({order})", "y")
            q = self.pick(
                ["y.unbind(0)", "(y[0], y[1], y[2])"], ["(y[1], y[0], y[2])", "y.unbind(0)[::-1]"]
            )
            self.set(q, "q, k, v")
            return
        parts = self.pick(
            ["y.chunk(3, dim=-1)", f"y.split({width}, 2)", f"y.split({width}, dim=-1)"],
            [
                f"(y[..., :{width}], y[..., {width}:{2 * width}], y[..., -{width}:])",
                f"y.view(1, -1, {width}, 3).unbind(-1)",
                "(y[..., ::3], y[..., 1::3], y[..., 2::3])",
            ],
        )
        self.set(parts, "q, k, v")
        for name in "qkv":
            self.heads(name, name, heads, size)

    def one_operation(self, heads: int, size: int) -> None:
        t = self.tokens
        options = [
            self.pick(["", ", scale=0.4"], [", scale=-0.5", ", scale=2.0"]),
            self.pick(["", ""], [", is_causal=True", ", dropout_p=0.1", ", enable_gqa=True"]),
        ]
        mask = self.pick(
            ["", "", f", attn_mask=(torch.arange({t}) >= 0)[None, None, None]"],
            [
                f", attn_mask=(torch.arange({t}) >= 1)[None]",
                f", attn_mask=(torch.arange({t}) >= 0)[:, None].expand({t}, {t})",
                f", attn_mask={self.parameter(t, t)}",
            ],
        )
        if mask and "is_causal" in options[1]:
            options[1] = ""
        q, k, v = (
            self.pick([n, n, f"{n} * 0.5" if n != "v" else n], [f"{n} / 3", f"{n} * -1.0"])
            for n in "qkv"
        )
        self.set(
            f"functional.scaled_dot_product_attention({q}, {k}, {v}{''.join(options)}{mask})", "y"
        )

    def spelt_out(self, heads: int, size: int) -> None:
        t = self.tokens
        query = self.pick(["q", f"q * {size}**-0.5", "q / 2"], ["q + q", "q * -1"])
        key = self.pick(
            ["k.transpose(-2, -1)", "k.transpose(2, 3)", "k.permute(0, 1, 3, 2)"], ["k.mT * 2"]
        )
        if self.choose.random() < ODDITIES:
            key = "(k * 0.5).transpose(-1, -2)"
        self.set(f"{query} @ {key}", "s")
        self.set(
            self.pick(
                ["s", "s * 0.5", "s / 1.5", f"s.view({heads}, {t}, {t})[None]", "s * 3 * 0.2"],
                [
                    "s.mT",
                    "s.transpose(1, 2)",
                    "s + 1",
                    f"s + {self.parameter(t, t)}",
                    "s.flatten(1)",
                ],
            ),
            "s",
        )
        self.set(
            self.pick(
                [
                    "s.softmax(-1)",
                    "s.softmax(dim=3)",
                    "functional.softmax(s, -1, dtype=torch.float32)",
                ],
                [
                    "s.softmax(-2)",
                    "s.softmax(1)",
                    "s.softmax(0)",
                    "s.double().softmax(-1).float()",
                    f"s.flatten(1).softmax(-1).view(1, {heads}, {t}, {t})",
                    f"s.flatten(1, 2).softmax(-1).view(1, {heads}, {t}, {t})",
                    f"s.view(1, {heads}, -1).softmax(-1).view(1, {heads}, {t}, {t})",
                ],
            ),
            "s",
        )
        self.set(
            self.pick(
                ["s", "functional.dropout(s, 0.5, False)", "(s * 2) * 0.5", "s.contiguous()"],
                ["s * 0.5", "s.mT", f"s.view(1, {t}, {heads}, {t}).transpose(1, 2)", "s + s"],
            ),
            "s",
        )
        self.set(
            self.pick(["s @ v", "torch.matmul(s, v)"], ["s @ (v * 2)", "s[0] @ v", "s @ v[0]"]), "y"
        )
