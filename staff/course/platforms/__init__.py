"""Files that teaching platforms give and take: one module a platform, each a reader or a renderer.

Columns are matched by their names, never by their place. Nothing here decides a grade.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ScoreRow:
    """One student's line in a platform's file of scores.

    Attributes:
        place: file and line.
        ids: what may name the student, the surest first.
        score: the cell as it stands; empty when there is none.
        open: why there is no score yet; empty when there is one or nothing was handed in.
        most: the points possible, as the file gives them; may be empty.
        items: rubric item → cell.
    """

    place: str
    ids: tuple[str, ...]
    name: str = ""
    score: str = ""
    submitted: str = ""
    open: str = ""
    most: str = ""
    excused: bool = False
    items: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Upload:
    """What the name of an uploaded file or folder says.

    Attributes:
        owner: the student's name as the platform wrote it.
        number: the platform's number of the student, or of the hand-in.
        file: the name that the student gave.
        attachment: the platform's number of the file, where it has one.
        late: whether the platform called it late.
    """

    owner: str
    number: str
    file: str
    attachment: str = ""
    late: bool = False
