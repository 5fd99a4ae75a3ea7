"""
Classifiers of transformers with weights from tensors, under its names or the published, older ones.

transformers fills what a checkpoint lacks with random numbers, and renames, splits and merges
tensors on the way. So the same loading is first done with a number in place of each tensor: what
then holds no such number would not come from the checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.activations import ACT2FN
from transformers.utils import logging

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.tensors import (
    Tensors,
    check_type,
    in_float32,
    listed,
    named_as,
    raise_unless_complete,
)

FIRST_NUMBER = 1000
"""In place of the first tensor: far from what parameters start as."""

UNUSED = re.compile(r"(^|\.)(pooler\..*|mask_token|position_ids|relative_position_index)$")
"""
What a checkpoint may have that its classifier does not use: the pooler of the model without
classifier and the token of masked pre-training that it was trained from, and constants that are
computed.
"""


def config_from(values: Mapping[str, Any]) -> PretrainedConfig:
    """The configuration that a `config.json` holds. Raises UserError where it is of no use."""
    if "quantization_config" in values:
        raise UserError(
            "its weights are quantised ('quantization_config' in config.json); save the model in "
            "float32, quantising is done here"
        )
    if "auto_map" in values:
        raise UserError(
            "its model is Python code of its own ('auto_map' in config.json), which is not run; "
            "build it in a Python file and give path/to/file.py:callable"
        )
    model_type = values.get("model_type")
    if model_type is None and "architecture" in values:
        raise UserError(
            "it is a checkpoint of timm, not of transformers; build the model with timm in a "
            "Python file and give path/to/file.py:callable, with --weights"
        )
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        raise UserError(f"its config.json has the unknown model_type {model_type!r}")
    activation = values.get("hidden_act")
    if activation is not None and activation not in ACT2FN:
        raise UserError(f"its config.json has the unknown hidden_act {activation!r}")
    with _user_data("config.json cannot be used"):
        return CONFIG_MAPPING[model_type].from_dict(dict(values))


def class_of(config: PretrainedConfig) -> type[PreTrainedModel]:
    """
    The image classifier of a configuration: the one of several that `architectures` names.
    Raises UserError where its models are of another kind.
    """
    if type(config) not in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING:
        raise UserError(f"a model of type '{config.model_type}' is no image classifier")
    found: Any = MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING[type(config)]
    if not isinstance(found, tuple):
        return found
    named = [cls for cls in found if cls.__name__ in (config.architectures or ())]
    return named[0] if named else found[0]


def build(cls: type[PreTrainedModel], config: PretrainedConfig) -> PreTrainedModel:
    """A model with random weights. Raises UserError where the configuration describes none."""
    with _user_data("the model cannot be built"):
        make: Callable[[PretrainedConfig], PreTrainedModel] = cls
        return make(config)


def load_pretrained(
    cls: type[PreTrainedModel], config: PretrainedConfig, tensors: Tensors
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """
    The model with all weights from `tensors`, in float32, and remarks on what was done to them.
    Raises UserError for tensors that are missing, of another shape, or not of the model.
    """
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > len(tensors.values):
        raise UserError(f"it has {len(tensors.values)} tensors for {layers} layers")
    with torch.device("meta"):
        expected = build(cls, config).state_dict()
    tensors = named_as(tensors, expected)
    unused = _check_complete(cls, config, tensors.values)
    used = {name: value for name, value in tensors.values.items() if name not in unused}
    tensors = in_float32(Tensors(used, tensors.remarks))
    model, _ = _load(cls, config, tensors.values)
    remarks = (*tensors.remarks, f"{listed(unused)} not used") if unused else tensors.remarks
    return model, remarks


def load_weights(module: nn.Module, tensors: Tensors) -> tuple[str, ...]:
    """
    Put `tensors` into a module that a user built, by its own names or, where it is a model of
    transformers or a wrapper around one, by the names that are published.
    Remarks and errors as of `load_pretrained`; also raises UserError for different numbers of
    parameters that are one in the module.
    """
    module = _inner(module)
    if isinstance(module, PreTrainedModel):
        loaded, remarks = load_pretrained(type(module), module.config, tensors)
        tensors = Tensors(loaded.state_dict(), remarks)
    expected = module.state_dict(keep_vars=True)
    tensors = named_as(tensors, expected)
    values = dict(tensors.values)
    names = {id(expected[name]): name for name in values.keys() & expected.keys()}
    for name, value in expected.items():  # of tied parameters, files hold one
        if name not in values and id(value) in names:
            values[name] = values[names[id(value)]]
    mismatched = [
        (name, value.shape, expected[name].shape)
        for name, value in sorted(values.items())
        if name in expected and value.shape != expected[name].shape
    ]
    raise_unless_complete(
        expected.keys() - values.keys(), values.keys() - expected.keys(), mismatched
    )
    for name, value in values.items():
        check_type(name, value, expected[name])
    tensors = in_float32(Tensors(values, tensors.remarks))
    with _user_data("PyTorch cannot load its tensors"):
        module.load_state_dict(dict(tensors.values))
    _check_shared(module.state_dict(), tensors.values)
    return tensors.remarks


def _check_shared(loaded: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]) -> None:
    """
    Raise UserError where tensors of a model that share memory were given different numbers, of
    which the last ones replaced the others.
    """
    sharing: dict[int, list[str]] = {}
    for name, value in loaded.items():
        if value.numel():
            sharing.setdefault(value.untyped_storage().data_ptr(), []).append(name)
    for names in sharing.values():
        replaced = [n for n in names if not torch.equal(loaded[n], given[n].to(loaded[n].dtype))]
        if len(names) > 1 and replaced:
            others = [name for name in names if name not in replaced]
            raise UserError(
                f"the model has the tensors {listed(names)} in one place, but the numbers of "
                f"{listed(replaced)} in the file are not those of {listed(others or names)}; take "
                "the weights of a model that shares them, or give each its own"
            )


def _inner(module: nn.Module) -> nn.Module:
    """The model of transformers in wrappers that hold nothing else, or the module itself."""
    found = module
    while not isinstance(found, PreTrainedModel):
        children = list(found.children())
        if len(children) != 1 or any(True for _ in found.parameters(recurse=False)):
            return module
        (found,) = children
    return found


def _check_complete(
    cls: type[PreTrainedModel], config: PretrainedConfig, tensors: Mapping[str, torch.Tensor]
) -> set[str]:
    """
    The names of tensors that are not used and need not be.
    Raises UserError unless all others, and nothing else, make up the model.
    """
    numbers = {float(number): name for number, name in enumerate(tensors, FIRST_NUMBER)}
    places = {
        name: torch.full((), number).expand(tensors[name].shape) for number, name in numbers.items()
    }
    model, info = _load(cls, config, places)
    contents = {name: _distinct(value) for name, value in model.state_dict().items()}
    mismatched = sorted(info["mismatched_keys"])
    missing = {name for name, found in contents.items() if not found <= numbers.keys()}
    unused = {numbers[number] for number in numbers.keys() - set().union(*contents.values())}
    foreign = {name for name in unused if UNUSED.search(name) is None}
    raise_unless_complete(missing, foreign, mismatched)
    for name, place in model.state_dict().items():
        for number in contents[name]:
            check_type(numbers[number], tensors[numbers[number]], place)
    return unused


def _distinct(value: torch.Tensor) -> set[float]:
    """The numbers in a tensor, of which one is looked at where the tensor repeats it."""
    repeated = tuple(0 if stride == 0 else slice(None) for stride in value.stride())
    return set(value[repeated].unique().tolist()) if value.numel() else set()


def _load(
    cls: type[PreTrainedModel], config: PretrainedConfig, tensors: Mapping[str, torch.Tensor]
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """A model from tensors, and what transformers says of them."""
    with _user_data("transformers cannot load its tensors"):
        loaded: Any = cls.from_pretrained(
            None,
            config=config,
            state_dict=dict(tensors),
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    return loaded


@contextmanager
def _user_data(what: str) -> Generator[None]:
    """
    Around calls of transformers that work on what a user has: what they raise, of any type, as a
    UserError, and without progress bars and warnings.
    """
    verbosity, progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())
        raise UserError(f"{what}: {type(error).__name__}: {text}") from error
    finally:
        logging.set_verbosity(verbosity)
        if progress:
            logging.enable_progress_bar()
