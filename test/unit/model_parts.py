"""The parts of random models but for attention, each in many spellings, some of them wrong."""

from __future__ import annotations

from model_source import ODDITIES, ModelSource


class ModelParts(ModelSource):
    """Each method appends a part to the model."""

    def moved(self) -> None:
        """Something between two layers: mostly nothing, or what changes nothing."""
        t, c = self.tokens, self.channels
        same = [
            "x.contiguous()",
            "x.clone()",
            "x * 1.0",
            "(x * 4.0) * 0.25",
            "functional.dropout(x, 0.1, False)",
            f"x.reshape({t}, {c}).unsqueeze(0)",
            "x.transpose(1, 2).transpose(1, 2)",
            f"x.flatten(1).unflatten(1, ({t}, {c}))",
            f"x.view(1, {t}, 2, {c // 2}).flatten(2)",
            "x.permute(2, 0, 1).permute(1, 2, 0)",
            "x[:, :]",
            "x.squeeze(1)" if t > 1 else "x",
            "x.squeeze(0).unsqueeze(0)",
            "x.split(1, 0)[0]",
            "(x + x) * 0.5",
            "x + x",
            f"x.expand(1, -1, {c})",
            "x.to(torch.float32)",
        ]
        if self.choose.random() < 0.25:
            self.set(self.choose.choice(same))
        if self.choose.random() < ODDITIES:
            self.in_place()
        if self.choose.random() < ODDITIES:
            half = t // 2
            other = [
                "x * 2.0",
                "x / 3",
                "x * 0.5",
                "-x",
                "x + 1",
                "torch.add(x, x, alpha=2)",
                "((x + x) * 4.0) * 0.5",
                f"x.transpose(1, 2).reshape(1, {t}, {c})",
                f"x.reshape(1, {c}, {t}).transpose(1, 2)",
                f"x.view(1, {t}, 2, {c // 2}).transpose(2, 3).flatten(2)",
                f"x.view({t}, 1, {c}).transpose(0, 1)",
                f"x.view({t}, 1, {c})",
                f"x.expand(2, {t}, {c})[0:1]",
                f"x[:, :1].expand(-1, {t}, -1)",
                "torch.cat([x[:, :1], x[:, 1:]], 1)",
                "torch.cat(x.chunk(2, 1), 1)",
                "torch.cat(x.chunk(2, 2), 2)",
                "torch.cat(x.chunk(2, 2)[::-1], 2)",
                "torch.stack(x.unbind(1), 1)",
                "x + x[:, :1]",
                "x + x.mean(1, keepdim=True)",
                "x - x.mean(1, keepdim=True)",
                "x.softmax(-1)",
                "x.flip(1)",
                "x.roll(1, 2)",
                "x * x",
                "x.double().float()",
            ]
            if half and t % 2 == 0:
                other += [
                    f"torch.cat([x.view(2, {half}, {c}), x.view(2, {half}, {c})], 1)"
                    f".view(1, {2 * t}, {c})[:, :{t}]",
                    f"x.view(2, {half}, {c}).transpose(0, 1).reshape(1, {t}, {c})",
                    f"(x.view(2, {half}, {c}) + x.view(1, {t}, {c})[:, :{half}]).view(1, {t}, {c})",
                ]
            self.set(self.choose.choice(other))

    def in_place(self) -> None:
        """An operation that writes to the tokens, or to a part or a view of them."""
        t, c = self.tokens, self.channels
        self.call(
            self.choose.choice(
                [
                    f"x += {self.parameter(t, c)}",
                    "x.add_(x)",
                    "x.mul_(1.0)",
                    "x.mul_(2.0)",
                    "x.div_(3)",
                    "x[:, :1].mul_(2.0)",
                    "x[:, -1] = x[:, 0]",
                    "x[..., :2] += 1",
                    f"x.view({t}, {c})[0].zero_()",
                    "x.transpose(1, 2)[:, 0].neg_()",
                    f"y = x; x = x + {self.parameter(1, t, c)}; y.zero_()",
                    f"y = x.clone(); x += {self.parameter(1, t, c)}; x = x + y",
                    "x.copy_(x.flip(1))",
                    "functional.relu_(x)",
                    "functional.dropout(x, 0.1, False, inplace=True)",
                ]
            )
        )

    def image(self) -> str:
        """The input, prepared; its shape."""
        size = self.choose.choice([2, 4])
        height, width = size * self.choose.randint(1, 3), size * self.choose.randint(1, 2)
        planes = self.choose.choice([1, 3])
        shape = f"{planes}, {height}, {width}"
        same = [
            "image",
            "image / 255.0",
            "image * 2",
            "(image * 3).contiguous()",
            f"image.reshape({shape}).unsqueeze(0)",
            f"image.flatten(2).view(1, {shape})",
            "image.permute(0, 2, 3, 1).permute(0, 3, 1, 2)",
        ]
        other = [
            "image * -0.5",
            "image - 0.5",
            f"image.transpose(2, 3).reshape(1, {shape})",
            f"image.reshape(1, {planes}, {width}, {height}).transpose(2, 3)",
            f"image.reshape(1, {height}, {width}, {planes}).permute(0, 3, 1, 2)",
            f"image.view(1, {planes}, {width}, {height})",
            "image.flip(1)",
            "image.clone().mul_(0.5)",
            "image.mul_(0.5)",
            "image[:, [0] * image.shape[1]]",
        ]
        self.set(self.pick(same, other))
        self.channels = self.choose.choice([4, 8])
        kernel = self.pick([f"{size}, {size}"], [f"{size}, 1", f"({size}, 2), ({size}, 2)", "1, 1"])
        rest = self.pick(["", "", ", bias=False"], [", padding=1", ", dilation=2", ", groups=1"])
        patch = self.module(f"nn.Conv2d({planes}, {self.channels}, {kernel}{rest})")
        self.set(f"{patch}(x)")
        self.set(
            self.pick(
                [
                    "x.flatten(2).transpose(1, 2)",
                    f"x.reshape(1, {self.channels}, -1).permute(0, 2, 1)",
                    "x.permute(0, 2, 3, 1).flatten(1, 2)",
                ],
                [
                    f"x.reshape(1, -1, {self.channels})",
                    "x.transpose(2, 3).flatten(2).transpose(1, 2)",
                    f"x.permute(0, 3, 2, 1).reshape(1, -1, {self.channels})",
                ],
            )
        )
        self.tokens = height // size * (width // size)
        return f"1, {shape}"

    def embeddings(self) -> None:
        """Class tokens and positions."""
        extra = self.choose.randint(0, 2)
        if extra:
            token = self.parameter(1, extra, self.channels)
            spelt = self.pick(
                [token, f"{token}.expand(x.shape[0], -1, -1)", f"{token}[:, :]"],
                [f"{token} * 0.5", f"{token}.flip(2)", f"{token}[:, :1].expand(1, {extra}, -1)"],
            )
            self.set(
                self.pick(
                    [f"torch.cat([{spelt}, x], 1)", f"torch.cat(({spelt}, x), dim=-2)"],
                    [
                        f"torch.cat([x, {spelt}], 1)",
                        f"torch.cat([{spelt}, x, {spelt}], 1)[:, :-{extra}]",
                    ],
                )
            )
            self.tokens += extra
            self.sees_image = False
        if self.choose.random() < 0.6:
            t, c = self.tokens, self.channels
            shapes = self.pick([(1, t, c), (t, c)], [(1, 1, c), (1, t, 1), (c,), (1, c, t)])
            position = self.parameter(*shapes)
            if shapes == (1, c, t):
                position += ".transpose(1, 2)"
            self.set(self.pick([f"x + {position}", f"{position} + x"], [f"x + {position} * 0.5"]))

    def norm(self) -> None:
        c = self.channels
        sizes = self.pick(
            [f"{c}", f"[{c}], eps=0.01"], [f"[{self.tokens}, {c}]", f"{c}, bias=False"]
        )
        if self.choose.random() < ODDITIES:
            sizes = f"{c}, elementwise_affine=False"
        self.set(f"{self.module(f'nn.LayerNorm({sizes})')}(x)")

    def mlp(self) -> None:
        width = self.channels * self.choose.choice([1, 2])
        self.set(f"{self.linear(self.channels, width)}(x)", "y")
        self.set(
            self.pick(
                ["functional.gelu(y)", "functional.gelu(y, approximate='tanh')"],
                [
                    "functional.relu(y)",
                    "functional.gelu(y * 2)",
                    "functional.gelu(y).transpose(0, 1)",
                ],
            ),
            "y",
        )
        self.set(f"{self.linear(width, self.channels)}(y)", "y")
        self.scaled_residual()

    def scaled_residual(self) -> None:
        """LayerScale, and the sum with what was there before."""
        t, c = self.tokens, self.channels
        if self.choose.random() < 0.2:
            factor = self.parameter(
                *self.pick([(c,), (1, 1, c)], [(t, 1), (1,), (1, t, c), (t, c)])
            )
            self.set(self.pick([f"y * {factor}", f"{factor} * y"], [f"y * {factor} * 2"]), "y")
        self.set(
            self.pick(
                ["x + y", "y + x", "torch.add(x, y)", "y"],
                [
                    "x + y * 2",
                    "x.add_(y)",
                    "y.add_(x)",
                    "x - y",
                    "x + 0.5 * y",
                    "(x + y) * 0.5",
                    "x * y",
                    "x + y.transpose(0, 1)",
                ],
            )
        )

    def pool_and_head(self) -> None:
        t = self.tokens
        last = t - 1
        usual = [f"x[:, {last}]", "x[:, -1]", "x.mean(1)", "x.mean(-2)", "x"]
        usual += ["x.mean(dim=1, keepdim=True)", f"x[:, {min(1, last)}:].mean(1)"]
        if self.sees_image:
            usual += ["x[:, 0]", "x.select(1, 0)", "x[:, :1]", "x[:, 0]"]
        odd = ["(x * 2).mean(1)", "x.mean(1) * 2", "x.mean(2, keepdim=True) * x", "x.sum(1)"]
        odd += ["x[0].mean(0)", "x.mean((1, 2))", "x.mean((0, 1))", "x.transpose(1, 2).mean(2)"]
        odd += [
            "(x[:, 0] + x[:, -1]) * 0.5",
            "x.max(1)[0]",
            "x[:, -1] * 0.5",
            "x[:, 0] + x.mean(1)",
        ]
        odd += ["torch.cat([x[:, :1], x.mean(1, keepdim=True)], 1)", f"x[:, :{t // 2}].mean(1)"]
        pooled = self.pick(usual, odd)
        self.set(pooled)
        labels = self.choose.randint(2, 5)
        c = self.channels
        if self.choose.random() < 0.15:
            other = self.linear(c, labels)
            average = self.pick(["* 0.5", "/ 2"], ["/ 4", "* 2 * 0.5", "* 0.25 * 2"])
            self.set(f"({self.linear(c, labels)}(x) + {other}(x)) {average}")
        elif self.choose.random() < 0.9:
            self.set(f"{self.linear(c, labels)}(x)")
        result = ["x.unsqueeze(0)", "x.flatten()", "x.softmax(-1)", "x * 0.5", "x.mT", "(x, x)"]
        self.set(self.pick(["x", "x", "x.squeeze(0)"], result))
