"""A report as a Word document: real headings, lists, tables with repeated heads, a native chart."""

from importlib import import_module
from io import BytesIO
from typing import Any

from tamamo.plan.report.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Document,
    FigureLine,
    Grid,
    Heading,
    Paragraph,
)

#: Word's own fonts for both scripts, on every Windows and Mac since 2015.
_LATIN, _JAPANESE = "Calibri", "游ゴシック"
_A4 = (11906, 16838)  # twentieths of a point ("twips")
_CHART_SIZE = (5760000, 2880000)  # English metric units: 16 by 8 cm


def write(document: Document) -> bytes:
    """Return the report as DOCX."""
    return _Writer(document).bytes()


class _Writer:
    def __init__(self, document: Document) -> None:
        import docx  # noqa: PLC0415 - 15 MB that only this format needs

        self._document = document
        self._docx = docx.Document()
        self._qn = import_module("docx.oxml.ns").qn
        self._element = import_module("docx.oxml").OxmlElement
        self._set_up()

    def bytes(self) -> bytes:
        for block in self._document.blocks:
            self._write(block)
        body = BytesIO()
        self._docx.save(body)
        return body.getvalue()

    def _set_up(self) -> None:
        core = self._docx.core_properties
        core.title, core.author = self._document.title, self._document.publisher
        core.language = "ja-JP" if self._document.language == "ja" else "en-GB"
        shared: Any = import_module("docx.shared")
        points, section = shared.Pt, self._docx.sections[0]
        section.page_width, section.page_height = map(shared.Twips, _A4)
        for name in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet"):
            style = self._docx.styles[name]
            self._fonts(style.element.get_or_add_rPr())
            if name == "Normal":
                style.font.size = points(8 if self._document.dense else 10.5)
                self._speak(style.element.get_or_add_rPr())

    def _fonts(self, properties: Any) -> None:
        fonts = properties.get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(self._qn(f"w:{theme}"), None)
        fonts.set(self._qn("w:ascii"), _LATIN)
        fonts.set(self._qn("w:hAnsi"), _LATIN)
        fonts.set(self._qn("w:eastAsia"), _JAPANESE)

    def _speak(self, properties: Any) -> None:
        language = self._element("w:lang")
        language.set(self._qn("w:val"), self._docx.core_properties.language)
        language.set(self._qn("w:eastAsia"), "ja-JP")
        properties.append(language)

    def _write(self, block: Block) -> None:
        match block:
            case Heading():
                self._docx.add_heading(block.text, block.level - 1)
            case Paragraph():
                self._paragraph(block.text, note=block.note)
            case Bullets():
                for item in block.items:
                    self._paragraph(item, style="List Bullet")
            case FigureLine():
                self._paragraph(f"{block.text} {block.mark} {block.judged}")
            case Grid():
                self._grid(block)
            case Chart():
                self._paragraph(block.sentence)
                self._chart(block)
                self._grid(block.grid)

    def _paragraph(self, text: str, note: bool = False, style: str | None = None) -> None:
        paragraph = self._docx.add_paragraph(style=style)
        for index, line in enumerate(text.splitlines()):
            run = paragraph.add_run(line)
            run.italic = None
            if note:
                run.font.size = import_module("docx.shared").Pt(8.5)
            if index < text.count("\n"):
                run.add_break()

    def _grid(self, grid: Grid) -> None:
        caption = self._docx.add_paragraph()
        caption.add_run(grid.caption).bold = True
        caption.paragraph_format.keep_with_next = True
        table = self._docx.add_table(rows=0, cols=len(grid.heads), style="Table Grid")
        self._row(table, grid.heads, bold=True)
        # The head is repeated on each page, and read out as head.
        properties = table.rows[0]._tr.get_or_add_trPr()
        properties.append(self._element("w:tblHeader"))
        for row in grid.rows:
            self._row(table, row)
        if grid.totals:
            self._row(table, grid.totals, bold=True)
        self._docx.add_paragraph()

    def _row(self, table: Any, cells: list[Cell], bold: bool = False) -> None:
        for place, cell in zip(table.add_row().cells, cells, strict=True):
            paragraph = place.paragraphs[0]
            paragraph.add_run(cell.text).bold = bold or None
            paragraph.paragraph_format.space_after = 0
            if cell.numeric:
                paragraph.alignment = import_module("docx.enum.text").WD_ALIGN_PARAGRAPH.RIGHT

    def _chart(self, chart: Chart) -> None:
        """A chart of Word's own (DrawingML): editable, drawn by the reader's machine."""
        from tamamo.plan.report.sheet import literal_chart  # noqa: PLC0415

        packaging = import_module("docx.opc.packuri")
        part = import_module("docx.opc.part").Part(
            packaging.PackURI("/word/charts/chart1.xml"),
            "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
            literal_chart(chart),
            self._docx.part.package,
        )
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/chart"
        relation = self._docx.part.relate_to(part, kind)
        run = self._docx.add_paragraph().add_run()
        run._r.append(_drawing(relation, chart))


def _drawing(relation: str, chart: Chart) -> Any:
    from docx.oxml import parse_xml  # noqa: PLC0415
    from lxml import etree  # noqa: PLC0415

    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    place = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    main = "http://schemas.openxmlformats.org/drawingml/2006/main"
    charts = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    drawing = etree.Element(
        f"{{{word}}}drawing", nsmap={"w": word, "wp": place, "a": main, "c": charts, "r": relations}
    )
    inline = etree.SubElement(drawing, f"{{{place}}}inline", distT="0", distB="0")
    width, height = _CHART_SIZE
    etree.SubElement(inline, f"{{{place}}}extent", cx=str(width), cy=str(height))
    etree.SubElement(inline, f"{{{place}}}docPr", id="1", name=chart.title, descr=chart.sentence)
    graphic = etree.SubElement(inline, f"{{{main}}}graphic")
    data = etree.SubElement(graphic, f"{{{main}}}graphicData", uri=charts)
    etree.SubElement(data, f"{{{charts}}}chart", {f"{{{relations}}}id": relation})
    return parse_xml(etree.tostring(drawing))
