"""Comments in the generated code."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class CommentOp(IRDLOperation):
    """A line of comment in the generated code."""

    name = "vhls.comment"

    text = prop_def(StringAttr)

    assembly_format = "$text attr-dict"

    def __init__(self, text: str):
        super().__init__(properties={"text": StringAttr(text)})

    def verify_(self) -> None:
        if "\n" in self.text.data or self.text.data.endswith("\\"):
            raise VerifyException("text must be one line and not end in a backslash")
