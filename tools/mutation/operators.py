"""Which slips are made: those of cosmic-ray that differ in meaning, and four of our own. Runs in the tool's environment.

cosmic-ray replaces every operator by every other one. Of such a family the nearest and the opposite are kept: the rest die of
the same test. Strings are mutated by none of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import cosmic_ray.plugins
import parso
from cosmic_ray.operators.operator import Example, Operator

CORE = (
    "AddNot",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_Lt_GtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
)
LOGGERS = frozenset({"log", "logger"})


def _is_in_function(node: Any) -> bool:
    return node.search_ancestor("funcdef") is not None


def _only(node: Any) -> Any:
    """The statement of a line that holds one, else None."""
    return node.children[0] if node.type == "simple_stmt" and len(node.children) == 2 else None


class _Statement(Operator):
    """Puts other code in the place of one statement in a function."""

    code = "pass"

    @abstractmethod
    def fits(self, statement: Any) -> bool:
        """Whether a slip is made of this statement."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        statement = _only(node)
        if statement is not None and self.fits(statement) and _is_in_function(statement):
            yield statement.start_pos, statement.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        new = parso.parse(self.code).children[0]
        first = new.get_first_leaf()
        first.prefix = node.children[0].get_first_leaf().prefix
        node.children[0] = new
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


class RemoveCall(_Statement):
    """A call whose answer nobody takes is left out; words for the log are no call of ours."""

    def fits(self, statement: Any) -> bool:
        if statement.type != "atom_expr" or statement.get_first_leaf().value in LOGGERS:
            return False
        return bool(statement.children[-1].type == "trailer" and statement.children[-1].children[0].value == "(")


class RemoveEffect(_Statement):
    """An attribute or an item is not set, a sum not added to, a thing not deleted, an exception not raised."""

    def fits(self, statement: Any) -> bool:
        if statement.type in ("raise_stmt", "del_stmt"):
            return True
        if statement.type == "keyword" and statement.value == "raise":
            return True
        if statement.type != "expr_stmt":
            return False
        target, sign = statement.children[0], statement.children[1]
        return target.type == "atom_expr" or (sign.type == "operator" and sign.value != "=" and sign.value.endswith("="))


class ReturnNone(_Statement):
    """A function answers nothing."""

    code = "return None"

    def fits(self, statement: Any) -> bool:
        return statement.type == "return_stmt" and getattr(statement.children[1], "value", "") != "None"


class SwapIn(Operator):
    """`in` becomes `not in` and the other way round, in comparisons."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "comparison":
            for sign in node.children[1::2]:
                if self._words(sign) in ("in", "notin"):
                    yield sign.start_pos, sign.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        signs = [place for place in range(1, len(node.children), 2) if self._words(node.children[place]) in ("in", "notin")]
        place = signs[index]
        word = "not in" if self._words(node.children[place]) == "in" else "in"
        node.children[place] = parso.python.tree.Name(word, node.children[place].start_pos, prefix=" ")
        return node

    @staticmethod
    def _words(sign: Any) -> str:
        return "".join(leaf.value for leaf in getattr(sign, "children", [sign]))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("a in b", "a not in b"), Example("a not in b", "a in b"))


OWN = (RemoveCall, RemoveEffect, ReturnNone, SwapIn)


def chosen() -> dict[str, Operator]:
    """Name → operator, in the order in which they are tried."""
    core = cosmic_ray.plugins.OPERATOR_PROVIDERS["core"]
    return {name: core[name]() for name in CORE} | {kind.__name__: kind() for kind in OWN}
