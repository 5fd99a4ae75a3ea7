"""Pictures as a checkpoint's own processor in transformers makes them, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from parse_ir import parse
from PIL import Image
from small_project import DEFAULTS, tool
from transformers import AutoImageProcessor, ViTConfig, ViTForImageClassification

from vaqf_compiler.cli import vaqf_compile, vaqf_sim
from vaqf_compiler.errors import UserError
from vaqf_compiler.images import (
    ATTRIBUTE,
    UNKNOWN,
    check_batch,
    preprocessing_attribute,
    preprocessing_in,
)
from vaqf_compiler.importer.preprocessing import DEIT, VIT, checkpoint_preprocessing
from vaqf_compiler.vaqf_images import (
    INTERPOLATIONS,
    ImageError,
    LargestCentre,
    Preprocessing,
    check_images,
    preprocessing_of,
    read_image,
    read_picture,
)

SHAPE = (3, 224, 224)
PLAIN = Preprocessing((224, 224), "bilinear", None, 1 / 255, (0, 0, 0), (1, 1, 1))
IMAGENET: dict[str, Any] = {
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def photograph(width: int, height: int) -> Image.Image:
    """A part of a real one."""
    file: Any = get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(file) as picture:
        return picture.convert("RGB").crop((101, 53, 101 + width, 53 + height))


def checkpoint(directory: Path, said: object) -> Path:
    """A directory with what is needed to know how its pictures are preprocessed."""
    (directory / "config.json").write_text(json.dumps({"model_type": "vit"}))
    (directory / "preprocessor_config.json").write_text(
        said if isinstance(said, str) else json.dumps(said)
    )
    return directory


def processor_config(**changes: Any) -> dict[str, Any]:
    return {"image_processor_type": "ViTImageProcessor", **changes}


CONFIGS: Mapping[str, tuple[dict[str, Any], tuple[int, int, int]]] = {
    "nothing but its kind": (processor_config(), SHAPE),
    "as ViT was published": (
        {"size": 224, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_normalize": True},
        SHAPE,
    ),
    "as DeiT was published": (
        {
            "feature_extractor_type": "DeiTFeatureExtractor",
            "size": 256,
            "do_center_crop": True,
            "crop_size": 224,
            "resample": 3,
            **IMAGENET,
        },
        SHAPE,
    ),
    "DeiT's processor": ({"image_processor_type": "DeiTImageProcessor"}, SHAPE),
    "the shorter side": (
        processor_config(
            size={"shortest_edge": 77},
            do_center_crop=True,
            crop_size={"height": 48, "width": 64},
            resample=3,
        ),
        (3, 48, 64),
    ),
    "height and width": (
        processor_config(size={"height": 48, "width": 32}, resample=0, **IMAGENET),
        (3, 48, 32),
    ),
    "no resizing": (
        processor_config(do_resize=False, do_center_crop=True, crop_size=95, **IMAGENET),
        (3, 95, 95),
    ),
    "another factor": (processor_config(rescale_factor=1 / 127.5, image_mean=[1, 1, 1]), SHAPE),
    "no factor": (processor_config(do_rescale=False, image_mean=127.5, image_std=60.0), SHAPE),
    "no normalisation": (processor_config(do_normalize=False), SHAPE),
    **{
        f"resample {name}": (processor_config(resample=number), SHAPE)
        for number, name in enumerate(INTERPOLATIONS)
    },
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("size", [(333, 217), (127, 401)])
def test_pictures_are_those_of_transformers(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    said, shape = CONFIGS[name]
    directory = checkpoint(tmp_path, said)
    picture = photograph(*size)
    picture.save(tmp_path / "picture.png")
    processor: Any = AutoImageProcessor.from_pretrained(directory, backend="pil")
    expected = processor(picture, return_tensors="np")["pixel_values"][0]

    preprocessing = checkpoint_preprocessing(directory, shape)
    assert isinstance(preprocessing, Preprocessing)
    found = read_picture(tmp_path / "picture.png", shape, preprocessing)
    assert found.dtype == np.float32 and found.shape == shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (processor_config(size=256), "images become 256x256, the model takes 224x224"),
        (processor_config(size={"shortest_edge": 9, "longest_edge": 12}), "size is {"),
        (processor_config(size=None), "size is None"),
        (processor_config(size={"height": None, "width": 8}), "size is {"),
        (processor_config(resample=None), "resample is None"),
        (processor_config(resample=6), "resample is 6"),
        (processor_config(resample=[1]), r"resample is \[1\]"),
        (processor_config(resample=float("inf")), "resample is inf"),
        (processor_config(rescale_factor=None), "rescale_factor is None"),
        (processor_config(rescale_factor=10**400), "rescale_factor is 1000"),
        (processor_config(image_mean=None), "image_mean is None"),
        (processor_config(image_mean=[None, 1, 1]), r"image_mean is \(None, 1, 1\)"),
        (processor_config(image_std={}), "image_std is {}"),
        (processor_config(do_center_crop=True, crop_size=None), "crop_size is None"),
        (processor_config(do_center_crop=True, crop_size=300), "crop .* is larger than"),
        (processor_config(do_pad=True), "do_pad is True"),
        (processor_config(do_convert_rgb=True), "do_convert_rgb is True"),
        (processor_config(image_mean=[0.5]), "the mean must have a finite number for each of 3"),
        (processor_config(image_std=[0, 1, 1]), "each std must be above 0"),
        (processor_config(rescale_factor=0), "rescale must be above 0"),
        (
            {"image_processor_type": "ConvNextImageProcessor"},
            "ConvNextImageProcessorPil has a _preprocess of its own",
        ),
    ],
)
def test_what_is_not_done_is_named(tmp_path: Path, said: dict[str, Any], reason: str) -> None:
    found = checkpoint_preprocessing(checkpoint(tmp_path, said), SHAPE)
    assert isinstance(found, str)
    assert found.startswith("preprocessor_config.json of the checkpoint is not supported: ")
    assert re.search(reason, found), found
    photograph(30, 40).save(tmp_path / "picture.png")
    with pytest.raises(ImageError, match="cannot be preprocessed: preprocessor_config"):
        read_image(tmp_path / "picture.png", SHAPE, found)


def test_a_checkpoint_may_say_nothing(tmp_path: Path) -> None:
    found = checkpoint_preprocessing(tmp_path, SHAPE)
    assert found == "the checkpoint has no preprocessor_config.json"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{", "cannot read '.*preprocessor_config.json'"),
        ("[" * 100_000, "cannot read '.*preprocessor_config.json'"),
        ("[]", "must hold an object"),
        (processor_config(size="large"), "transformers cannot use '.*preprocessor_config.json'"),
        (processor_config(size=[]), "transformers cannot use '.*preprocessor_config"),
        (processor_config(size={"side": 3}), "transformers cannot use '.*preprocessor_config"),
    ],
)
def test_a_damaged_file_is_a_sentence(tmp_path: Path, said: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        checkpoint_preprocessing(checkpoint(tmp_path, said), SHAPE)


@pytest.mark.parametrize("preprocessing", [DEIT, VIT, replace(PLAIN, resize=None), "unknown"])
def test_the_ir_says_it(preprocessing: Preprocessing | str) -> None:
    module = parse("builtin.module {}")
    module.attributes[ATTRIBUTE] = preprocessing_attribute(preprocessing)
    assert preprocessing_in(parse(str(module)), SHAPE) == preprocessing


def test_a_module_without_it_says_nothing() -> None:
    assert preprocessing_in(parse("builtin.module {}"), SHAPE) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 : i64", "must be a dictionary or a string"),
        ("{}", "interpolation is missing"),
        ("{brightness = 2 : i64}", "brightness must be a number, a string or a dense array"),
        ("{brightness = 2.0 : f64}", "interpolation is missing"),
    ],
)
def test_a_module_that_says_it_wrongly(text: str, message: str) -> None:
    module = parse(f"builtin.module attributes {{{ATTRIBUTE} = {text}}} {{}}")
    with pytest.raises(UserError, match=f"the module's '{ATTRIBUTE}' is wrong: {message}"):
        preprocessing_in(module, SHAPE)


@pytest.mark.parametrize(
    ("crop", "picture", "resized"),
    [
        ((8, 16), (16, 32), (8, 16)),  # of the proportions of the model: all of it
        ((8, 16), (100, 50), (32, 16)),
        ((8, 16), (16, 64), (8, 32)),
        ((16, 8), (32, 64), (16, 32)),
        ((16, 8), (60, 20), (24, 8)),
        ((16, 16), (40, 30), (21, 16)),
        ((7, 11), (23, 31), (8, 11)),  # 8.2 rows
        ((7, 11), (3, 5), (7, 11)),  # it is enlarged
    ],
)
def test_the_largest_centre(
    crop: tuple[int, int], picture: tuple[int, int], resized: tuple[int, int]
) -> None:
    """Heights and widths."""
    centre = LargestCentre(crop, "box", crop, 1.0, (0.0,), (1.0,))
    centre.check((1, *crop))
    assert centre.resized(*picture) == resized


FACTS: dict[str, Any] = {
    "resize": [256],
    "interpolation": "bicubic",
    "crop": [224, 224],
    "rescale": 0.5,
    "mean": [0, 0, 0],
    "std": [1, 1, 1],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resize": 256}, "resize must be a list of numbers, got 256"),
        ({"resize": [True]}, "resize must be a list of numbers"),
        ({"resize": [1, 2, 3]}, "resize must be sides from 1"),
        ({"resize": [0]}, "resize must be sides from 1"),
        ({"crop": [224]}, "crop must be sides from 1"),
        ({"crop": [224, 223]}, "images become 224x223, the model takes 224x224"),
        ({"crop": None, "resize": [9, 9]}, "images become 9x9"),
        ({"interpolation": 3}, "interpolation must be one of nearest"),
        ({"rescale": "1"}, "rescale must be a number"),
        ({"rescale": float("inf")}, "rescale must be above 0, got inf"),
        ({"mean": [0, 0]}, "the mean must have a finite number for each of 3 channels"),
        ({"mean": [0, 0, float("nan")]}, "the mean must have a finite number"),
        ({"std": [1, 1, 0]}, "each std must be above 0"),
        ({"std": ["1", 1, 1]}, "std must be a list of numbers"),
        ({"gamma": 2.2}, "gamma is not known"),
    ],
)
def test_what_is_no_preprocessing(change: dict[str, Any], message: str) -> None:
    preprocessing_of(FACTS).check(SHAPE)
    with pytest.raises(ValueError, match=message):
        preprocessing_of({**FACTS, **change}).check(SHAPE)


def pixels(kind: str, most: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, most, (24, 32), dtype=kind)


def with_alpha(mode: str, alpha: int) -> Image.Image:
    picture = photograph(32, 24).convert(mode)
    picture.putalpha(alpha)
    return picture


def with_transparent_colour() -> Image.Image:
    picture = photograph(32, 24).convert("P")
    picture.info["transparency"] = picture.getpixel((5, 5))
    return picture


@pytest.mark.parametrize(
    ("picture", "suffix", "message"),
    [
        (Image.fromarray(pixels("uint16", 1 << 16)), "png", "has pixels of mode I"),
        (Image.fromarray(pixels("int32", 1 << 20)), "tif", "has pixels of mode I"),
        (Image.fromarray(pixels("uint8", 255).astype(np.float32)), "tif", "has pixels of mode F"),
        (photograph(32, 24).convert("LAB"), "tif", "has pixels of mode LAB"),
        (with_alpha("RGB", 254), "png", "has transparent pixels"),
        (with_alpha("L", 0), "png", "has transparent pixels"),
        (with_transparent_colour(), "png", "has transparent pixels"),
    ],
)
def test_pictures_that_would_lose_something(
    tmp_path: Path, picture: Image.Image, suffix: str, message: str
) -> None:
    path = tmp_path / f"picture.{suffix}"
    picture.save(path)
    with pytest.raises(ImageError, match=message):
        read_picture(path, SHAPE, PLAIN)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "RGBA", "LA"])
def test_pictures_of_eight_bits(tmp_path: Path, mode: str) -> None:
    picture = photograph(224, 224).convert(mode)
    path = tmp_path / ("picture.jpg" if mode in ("CMYK", "YCbCr") else "picture.png")
    picture.save(path, quality=100, subsampling=0)
    found = read_picture(path, SHAPE, PLAIN)
    expected = np.asarray(picture.convert("RGB")).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(found, expected, atol=0.05 if path.suffix == ".jpg" else 1e-6)
    grey = read_picture(path, (1, 224, 224), replace(PLAIN, mean=(0,), std=(1,)))
    np.testing.assert_allclose(
        grey[0], np.asarray(picture.convert("RGB").convert("L")) / 255, atol=0.05
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(tmp_path: Path, orientation: int) -> None:
    upright = photograph(224, 160)
    # What a camera stores: turning it by the orientation gives the upright picture again.
    stored = {
        1: lambda: upright,
        2: lambda: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda: upright.transpose(Image.Transpose.ROTATE_180),
        4: lambda: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda: upright.transpose(Image.Transpose.TRANSPOSE),
        6: lambda: upright.transpose(Image.Transpose.ROTATE_90),
        7: lambda: upright.transpose(Image.Transpose.TRANSVERSE),
        8: lambda: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "picture.png", exif=exif)
    shape = (3, 160, 224)
    found = read_picture(tmp_path / "picture.png", shape, replace(PLAIN, resize=None))
    np.testing.assert_allclose(found, np.asarray(upright).transpose(2, 0, 1) / 255, atol=1e-6)


@pytest.mark.parametrize("contents", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_what_is_no_picture(tmp_path: Path, contents: bytes, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(contents)
    with pytest.raises(ImageError, match="cannot read the image"):
        read_picture(path, SHAPE, PLAIN)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp", "bmp"])
def test_damaged_pictures_are_sentences(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    photograph(61, 43).save(path)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    read = 0
    for _ in range(60):
        data = bytearray(whole[: random.integers(1, len(whole) + 1)])
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(256)
        path.write_bytes(data)
        try:
            read += read_picture(path, SHAPE, PLAIN).shape == SHAPE
        except ImageError:
            continue
    assert read < 60


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 24, 32)), None),
        (np.random.default_rng(0).standard_normal((2, 3, 24, 32)) * 1.5, None),
        (
            np.random.default_rng(0).random((2, 3, 24, 32)) * 255,
            "values from .* from -2.12 to 2.64",
        ),
        (np.random.default_rng(0).random((2, 3, 24, 32)) * -128, "values from"),
        (np.zeros((2, 24, 32, 3)), r"its channels are the last, transpose\(0, 3, 1, 2\)"),
        (np.zeros((0, 3, 24, 32)), "has no images"),
        (np.zeros((2, 1, 24, 32)), r"has shape \(2, 1, 24, 32\), expected Nx3x24x32$"),
        (np.zeros((3, 24, 32)), "expected Nx3x24x32$"),
        (np.zeros(()), r"has shape \(\), expected Nx3x24x32$"),
    ],
)
def test_arrays_that_were_not_preprocessed(images: np.ndarray, message: str | None) -> None:
    preprocessing = replace(DEIT, resize=None, crop=None)
    module = parse("builtin.module {}")
    module.attributes[ATTRIBUTE] = preprocessing_attribute(preprocessing)
    if message is None:
        check_batch(images, "the array", module, (3, 24, 32))
        return
    with pytest.raises(UserError, match=message):
        check_batch(images, "the array", module, (3, 24, 32))


def test_the_channels_of_one_image_are_first() -> None:
    with pytest.raises(ImageError, match=r"transpose\(2, 0, 1\) puts them first"):
        check_images(np.zeros((24, 32, 3)), "the image", (3, 24, 32), None)


def test_a_project_has_the_preprocessing_of_its_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes: dict[str, Any] = {
        "num_labels": 5,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = ViTConfig(image_size=16, patch_size=8, intermediate_size=64, **sizes)
    directory = tmp_path / "checkpoint"
    ViTForImageClassification(config).save_pretrained(directory)
    said = processor_config(size={"shortest_edge": 20}, do_center_crop=True, crop_size=16)
    (directory / "preprocessor_config.json").write_text(json.dumps({**said, **IMAGENET}))
    picture = photograph(57, 41)
    picture.save(tmp_path / "picture.png")
    processor: Any = AutoImageProcessor.from_pretrained(directory, backend="pil")
    images = processor(picture, return_tensors="np")["pixel_values"]
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "raw.npy", images * 0.22 + 0.45)

    project = tmp_path / "project"
    compile_it = (vaqf_compile.main, str(directory), "-o", str(project), *DEFAULTS)
    np.save(tmp_path / "raw.npy", np.asarray(picture.resize((16, 16)))[None] * np.float32(1))
    assert tool(*compile_it, "--calibration", str(tmp_path / "raw.npy")) == 1
    assert "its channels are the last" in capsys.readouterr().err
    np.save(tmp_path / "raw.npy", (images * 0.22 + 0.45) * 255)
    assert tool(*compile_it, "--calibration", str(tmp_path / "raw.npy")) == 1
    assert "pixels that are preprocessed for this model are from -2.12" in capsys.readouterr().err
    assert tool(*compile_it, "--calibration", str(tmp_path / "images.npy")) == 0

    facts = json.loads((project / "accelerator.json").read_text())["image"]
    shape = (3, 16, 16)
    found = read_picture(tmp_path / "picture.png", shape, preprocessing_of(facts["preprocessing"]))
    np.testing.assert_allclose(found, images[0], rtol=1e-5, atol=1e-5)
    # The simulation takes the picture as well as what it becomes.
    for name in ("picture.png", "images.npy"):
        np.save(tmp_path / "images.npy", images[0])
        simulate = (vaqf_sim.main, str(project), "--engine", "jit")
        assert tool(*simulate, "--image", str(tmp_path / name)) == 0
    capsys.readouterr()
    np.save(tmp_path / "images.npy", (images[0] * 0.22 + 0.45) * 255)
    assert tool(*simulate, "--image", str(tmp_path / "images.npy")) == 1
    assert "the image has values from" in capsys.readouterr().err
