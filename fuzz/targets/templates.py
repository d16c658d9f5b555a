"""A template is parsed and filled, or refused; what it names is all that it needs, and literal text stays."""

from __future__ import annotations

from integrations.manifests.templating import (
    NotText,
    TemplateError,
    UnresolvedName,
    parse_template,
    placeholder_names,
)

SEEDS = [
    b"/repos/{owner}/{repo}",
    b"{{literal}}",
    b"{a}{b}",
    b"}{",
    b"{a.b.c}{{{x}}}",
    b"query($after: String) {{ r(after: $after) {{ id }} }}",
]


def check(data: bytes) -> None:
    source = data.decode("utf-8", "replace")
    try:
        template = parse_template(source)
    except TemplateError:
        return
    assert template.names <= placeholder_names(source)
    assert template.text(dict.fromkeys(template.names, "")) == "".join(
        part for part in template.parts if isinstance(part, str)
    )
    doubled = source.replace("{", "{{").replace("}", "}}")
    if len(doubled) < len(source) + 1000 and len(doubled) <= 20_000:
        assert parse_template(doubled).text({}) == source
    for wrong, kind in (({}, UnresolvedName), ({name: [] for name in template.names}, NotText)):
        try:
            template.text(wrong)
        except kind:
            assert template.names
        else:
            assert not template.names
