"""Pages that a command writes to a file: alike in how they look and in how they are rendered."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def write_html(path: Path, template: Path, **values: object) -> None:
    """Render a template to a file; raises OSError where that cannot be written.

    The template may include `style.css`, which is all pages'. A value that it lacks is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    path.write_text(environment.get_template(template.name).render(values), encoding="utf-8")
