"""Nothing given to a chart ends or hangs the process: drawn in a process of its own."""

import pytest

from tests.plots import child


def test_plotext_is_loaded_to_draw_only() -> None:
    program = """
import sys
from attn_tui import charts
charts.draw(charts.Chart([]), 36, 9), charts.draw(charts.Chart([charts.Series("y", [1])]), 9, 9)
print("plotext" in sys.modules)
print(charts.load(), "plotext" in sys.modules)
"""
    assert child(program).stdout.split() == ["False", "True", "True"]


HOSTILE = """
import math, sys
from itertools import product
import numpy as np
from rich.cells import cell_len
from attn_tui.charts import Chart, Series, draw

nan, inf, huge, tiny = math.nan, math.inf, sys.float_info.max, 5e-324
numbers = [
    [], [0], [nan], [inf, -inf], [1, nan, 2], [nan, 1, nan, 2, nan] * 400, [0, 1e12, 1], [huge, -huge],
    [huge] * 3, [tiny, 0, -tiny], [1e-320] * 9, [0, 1e300, -1e300, 1e308], [1, 1 + 1e-16], [1e16, 1e16 + 2],
    [10**400, 1, -(10**400)], [None, "x", 1], [True, False], list(range(5000)), [-1e-300, 1e300] * 99,
    np.float16([1, 6e4]), np.ones((3, 4)), np.arange(9)[::-1], np.array([1, 10**30], dtype=object), range(3),
    np.array(["1e4000", "1"], dtype=np.longdouble),
]
places = [
    None, [5, 3, 1, nan, inf], [0] * 9, [0, huge], [-huge, huge], [tiny, 0], [1e15, 1e15 + 1], [10**400, 1],
]
limits = [
    None, (0, 1), (1, 1), (1, 0), (nan, 1), (0, inf), (-huge, huge), (0, tiny), (1e16, 1e16 + 1), (10**400, 0)
]
sizes = [(36, 9), (16, 4), (24, 5), (120, 30), (3, 2), (0, 0), (17, 60)]
done = 0
for kind in ("line", "dashes", "dots", "bars", "band"):
    for (i, y), (j, x) in product(enumerate(numbers), enumerate(places)):
        limit, size = limits[(i + j) % len(limits)], sizes[(i + 3 * j) % len(sizes)]
        print(kind, y if len(y) < 9 else i, x, limit, size, file=sys.stderr, flush=True)
        high = numbers[(i + 7 * j) % len(numbers)]
        series = [Series("a", y, kind=kind, x=x, high=high), Series("b", y), Series("c", [1, 2, 3], kind=kind)]
        chart = Chart(series, "x", "y", limit, cursor=(0, 1, nan, huge)[j % 4], x_log=LOG, y_log=LOG)
        rows = draw(chart, *size)
        assert [cell_len("".join(s.text for s in row)) for row in rows] == [size[0]] * size[1]
        done += 1
print(done)
"""


@pytest.mark.parametrize("logarithmic", [False, True])
def test_no_numbers_end_or_hang_the_process(logarithmic: bool) -> None:
    result = child(f"LOG = {logarithmic}\n{HOSTILE}")
    assert (result.returncode, result.stdout.split()) == (0, ["1000"]), result.stderr[-2000:]


ANY = """
import sys
from hypothesis import given, settings, strategies as st
from rich.cells import cell_len
from rich.style import Style
from attn_tui.charts import Chart, Series, draw

number = st.floats(allow_subnormal=True) | st.sampled_from([0.0, 1.0, 1e300, 10**400, 5e-324])
numbers = st.lists(number, max_size=60)
kinds = st.sampled_from(["line", "dashes", "dots", "bars", "band"])
styles = st.sampled_from([Style(), Style(bgcolor="blue")])
perhaps = st.none() | numbers
one = st.builds(Series, st.sampled_from(["", "y"]), numbers, styles, kind=kinds, x=perhaps, high=perhaps)
series = st.lists(one, max_size=4)
limits = st.none() | st.tuples(st.floats(), st.floats())
cursors = st.none() | st.floats() | st.integers(0, 60)
flags = {"x_log": st.booleans(), "y_log": st.booleans()}
shown = st.builds(Chart, series, y_limits=limits, cursor=cursors, **flags)

@settings(max_examples=600, deadline=None, database=None, derandomize=True)
@given(shown, st.integers(-1, 70), st.integers(-1, 20))
def drawn(chart, width, height):
    print(chart, width, height, file=sys.stderr, flush=True)
    rows = draw(chart, width, height)
    assert [cell_len("".join(s.text for s in row)) for row in rows] == [max(width, 0)] * max(height, 0)

drawn()
print("done")
"""


def test_no_generated_numbers_end_or_hang_the_process() -> None:
    result = child(ANY)
    assert (result.returncode, result.stdout.split()) == (0, ["done"]), result.stderr[-2000:]
