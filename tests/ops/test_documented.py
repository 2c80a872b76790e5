"""What the documentation says of metrics, settings and fields is what there is."""

import re
from pathlib import Path

from openaiproxy.config.settings import SETTINGS
from openaiproxy.ops.access import FIELDS
from openaiproxy.ops.instruments import INSTRUMENTS
from openaiproxy.ops.routes import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "operations.rst"
HEAD = """\
.. list-table::
   :header-rows: 1

   * - Metric
     - Kind
     - Labels
     - Meaning
"""


def table() -> str:
    """The table as it has to be."""
    rows = (
        f"   * - ``{made.name}``\n"
        f"     - {made.kind}\n"
        f"     - {', '.join(made.labels) or '(none)'}\n"
        f"     - {made.help}\n"
        for made in INSTRUMENTS
    )
    return HEAD + "".join(rows)


def test_the_table_of_metrics_is_made_from_the_metrics_pitfall_72() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page, f"docs/operations.rst should have this table:\n\n{table()}"


def test_every_route_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [route for route in ROUTES if f"``{route}``" not in page]


def test_every_field_of_a_line_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in FIELDS if f"``{name}``" not in page]


def test_every_flag_and_variable_that_is_named_exists() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = {setting.name for setting in SETTINGS}
    variables = {
        variable for setting in SETTINGS for variable in (setting.variable, *setting.environment)
    }
    assert set(re.findall(r"``--([a-z-]+)", page)) - names == set()
    assert set(re.findall(r"OPENAIPROXY_[A-Z_]+", page)) - variables == set()
