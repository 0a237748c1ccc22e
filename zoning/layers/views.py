"""Pages of staff: the layers with their versions, the loading of a version, and what two people do with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.ui.admin_base import in_group, require_role, staff_page
from municipality.ui.forms import DayField, LtrInput
from municipality.ui.templatetags.portal import bilingual
from municipality.uploads.multipart import takes_file_of
from zoning.answer.queries import rules_on
from zoning.geometry.systems import SYSTEMS
from zoning.imports.columns import LAYER_COLUMNS
from zoning.imports.reader import PlotReader
from zoning.imports.roles import CLERK, PLANNER
from zoning.layers import reading, services
from zoning.layers.difference import difference
from zoning.layers.labels import class_name
from zoning.models import Layer, LayerRepeal, LayerStatus, LayerVersion

SHOWN = 100  # wrong rows on the page
TEXTS = ("instrument_ar", "instrument_en", "article_ar", "article_en")
STATES = {
    "waiting": ("warn", gettext_lazy("waits for a second person")),
    "refused": ("bad", gettext_lazy("put aside")),
    "coming": ("wait", gettext_lazy("in force later")),
    "in_force": ("ok", gettext_lazy("in force")),
    "over": ("wait", gettext_lazy("no longer in force")),
}


class _TextsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of texts in both languages, each in its own direction."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            if name.endswith(("_ar", "_en")):
                field.widget.attrs |= {"lang": name[-2:], "dir": "rtl" if name.endswith("_ar") else "ltr"}


class LayerForm(_TextsForm):
    """A new layer."""

    code = forms.CharField(
        label=gettext_lazy("Code, which rules and open data name it by"),
        max_length=30,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_]*\Z", gettext_lazy("Please use small Latin letters, digits and underscores, and begin with a letter.")
            )
        ],
        widget=LtrInput(attrs={"maxlength": 30}, inputmode="text"),
        help_text=gettext_lazy("It cannot be changed later."),
        error_messages={"unique": gettext_lazy("Another layer has this code. Please choose another one.")},
    )

    class Meta:
        model = Layer
        fields = ("name_ar", "name_en", "kind", "code", "office_ar", "office_en", *TEXTS, "absence_ar", "absence_en")
        help_texts = {
            "kind": gettext_lazy("Rules measure the distance of an activity to objects. There is one layer of land use."),
            "absence_ar": gettext_lazy("For a plot that was surveyed and has no surface of the layer. What was not surveyed is not known."),
        }

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        if kind == Layer.Kind.LAND_USE and Layer.objects.filter(kind=kind).exists():
            raise forms.ValidationError(_("There is a layer of land use already. Please load a new version of it."))
        return kind


class VersionForm(_TextsForm):
    """The legal text of a version, its first day, and its file."""

    valid_from = DayField(label=gettext_lazy("First day in force"))
    file = forms.FileField(
        label=gettext_lazy("File of the layer, at most 10,000 surfaces and 25 MB"),
        widget=forms.FileInput(attrs={"accept": PlotReader.accept}),
        error_messages={"required": gettext_lazy("Please choose a file.")},
    )
    is_whole = forms.BooleanField(label=gettext_lazy("Exactly the surfaces of the file were surveyed, and nothing else"), required=False)

    class Meta:
        model = LayerVersion
        fields = (*TEXTS, "valid_from", "is_assumption")
        labels = {"is_assumption": gettext_lazy("The legal text is an assumption, not confirmed yet")}

    def texts(self) -> dict[str, Any]:
        """The columns of the version; of a valid form."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class RepealForm(_TextsForm):
    """The legal text of a repeal, and the first day without the version."""

    ends_on = DayField(label=gettext_lazy("First day on which it no longer applies"))

    class Meta:
        model = LayerRepeal
        fields = ("instrument_ar", "instrument_en", "ends_on")


def state_of(version: LayerVersion, today: dt.date) -> str:
    """A key of STATES."""
    if version.status == LayerStatus.PENDING:
        return "refused" if version.load is not None and version.load.refused_at is not None else "waiting"
    if version.valid_to is not None and version.valid_to <= today:
        return "over"
    return "in_force" if version.valid_from <= today else "coming"


def _page(request: AuthenticatedHttpRequest, template: str, status: int = 200, **context: Any) -> TemplateResponse:
    return staff_page(request, f"admin/zoning/{template}", status, **context)


def _versions() -> QuerySet[LayerVersion]:
    surfaces = Count("features", filter=Q(features__is_coverage=False))
    found = LayerVersion.objects.select_related("layer", "load__loaded_by", "load__released_by", "load__refused_by")
    return found.annotate(surfaces=surfaces).order_by("layer__order", "layer", "-number")


def _lines(versions: QuerySet[LayerVersion]) -> list[tuple[LayerVersion, Any]]:
    """Versions with their states."""
    today = clock.today()
    return [(version, STATES[state_of(version, today)]) for version in versions]


@require_safe
def layers(request: AuthenticatedHttpRequest) -> HttpResponse:
    """All layers with their versions."""
    require_role(request, CLERK, PLANNER)
    empty, may_create = Layer.objects.filter(versions__isnull=True), in_group(request, PLANNER)
    return _page(request, "layers.html", title=_("Layers"), lines=_lines(_versions()), empty=empty, is_list=True, may_create=may_create)


@require_http_methods(["GET", "HEAD", "POST"])
def new_layer(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The form of a new layer, for planners."""
    require_role(request, PLANNER)
    form, error = LayerForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("admin:plot_layer", services.create(layer=form.save(commit=False), created_by=request.user).pk)
        except Refused as refusal:
            error = str(refusal.sentence)
    return _page(
        request, "new_layer.html", 409 if error else 400 if request.method == "POST" else 200, title=_("New layer"), form=form, error=error
    )


@takes_file_of(reading.MAX_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
def layer(request: AuthenticatedHttpRequest, code: str) -> HttpResponse:
    """A layer with its versions, and the form that loads a new one."""
    require_role(request, CLERK, PLANNER)
    row = get_object_or_404(Layer.objects.select_related("created_by"), pk=code)
    lines = _lines(_versions().filter(layer=row))
    form, error, read = VersionForm(initial={} if lines else {name: getattr(row, name) for name in TEXTS}), "", None
    if request.method == "POST":
        form = VersionForm(request.POST, request.FILES)
        if form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                read = reading.read(upload.read(reading.MAX_BYTES + 1), row.kind)
                version = services.load(
                    layer=row,
                    file=read,
                    name=upload.name or "",
                    texts=form.texts(),
                    is_whole=form.cleaned_data["is_whole"],
                    loaded_by=request.user,
                )
                return redirect("admin:plot_layer_version", row.pk, version.number)
            except reading.LayerNotReadable as unreadable:
                error = unreadable.sentence
            except Refused as refusal:
                error = str(refusal.sentence)
    wrong = [(line, column, reading.SENTENCES[problem]) for line, column, problem in (read.found if read else [])]
    return _page(
        request,
        "layer.html",
        409 if error else 400 if form.errors else 200,
        title=bilingual(row, "name"),
        layer=row,
        lines=lines,
        is_new=all(version.status == LayerStatus.PENDING for version, _state in lines),
        form=form,
        error=error,
        wrong=wrong[:SHOWN],
        all_wrong=len(wrong),
        columns=[(name, names[0], _("needed") if name in LAYER_COLUMNS.needed else "") for name, names in LAYER_COLUMNS.names.items()],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: AuthenticatedHttpRequest, code: str, number: int) -> HttpResponse:
    """A version: its facts and surfaces, what it changes (`?difference=1`), and the steps of two people."""
    require_role(request, CLERK, PLANNER)
    row = get_object_or_404(_versions(), layer=code, number=number)
    form, error = RepealForm(), ""
    if request.method == "POST":
        form = RepealForm(request.POST) if request.POST.get("step") == "ask" else form
        try:
            if _step(request, row, form):
                return redirect("admin:plot_layer_version", code, number)
        except Refused as refusal:
            error = str(refusal.sentence)
    return _page(
        request, "layer_version.html", 409 if error else 400 if form.errors else 200, error=error, form=form, **_facts(request, row)
    )


def _step(request: AuthenticatedHttpRequest, row: LayerVersion, form: RepealForm) -> bool:
    """Do the step of a POST. Returns False for an invalid form. Raises Refused."""
    step = request.POST.get("step", "")
    if step == "ask":
        if form.is_valid():
            services.ask_repeal(version=row, asked_by=request.user, **form.cleaned_data)
        return form.is_valid()
    steps = {
        "in_force": services.put_in_force,
        "refuse": services.refuse,
        "allow": services.allow_repeal,
        "refuse_repeal": services.refuse_repeal,
    }
    if step not in steps:
        raise Refused("unknown_step", _("The page was sent incomplete. Reload it and try again."))
    steps[step](version=row, by=request.user)
    return True


def _facts(request: AuthenticatedHttpRequest, row: LayerVersion) -> dict[str, Any]:
    """The context of a version's page."""
    state = state_of(row, clock.today())
    repeal = row.repeals.select_related("asked_by", "allowed_by", "refused_by").order_by("-pk").first()
    is_asked = repeal is not None and repeal.event_id is None and repeal.refused_by_id is None and row.valid_to is None
    is_planner, is_waiting = in_group(request, PLANNER), state == "waiting" and row.load is not None
    is_mine = row.load is not None and row.load.loaded_by_id == request.user.pk
    is_own_layer = is_waiting and services.is_own_layer(row, request.user)
    asked_by_me = repeal is not None and repeal.asked_by_id == request.user.pk
    rules = rules_on(max(clock.today(), row.valid_from))
    land = rules.land if rules is not None and row.layer.kind == Layer.Kind.LAND_USE else None
    counted = row.features.filter(is_coverage=False).values("code", "label_ar", "label_en").annotate(count=Count("pk")).order_by("code")
    surfaces = [(one["code"], one["label_ar"], one["label_en"], one["count"]) for one in counted[:SHOWN]]
    system = SYSTEMS.get(row.load.encoding) if row.load is not None else None
    found = difference(row) if is_waiting and "difference" in request.GET and row.layer.kind != Layer.Kind.OBJECTS else None
    return {
        "title": f"{bilingual(row.layer, 'name')} · {_('Version')} {row.number}",
        "version": row,
        "state": STATES[state],
        "system": system.name if system else "",
        "surfaces": [(one, class_name(one[0], land) if land else "") for one in surfaces],
        "covers": row.features.filter(is_coverage=True).count(),
        "unknown": [one[0] for one in surfaces if land is not None and one[0] not in land.classes],
        "before": services.version_before(row) if is_waiting else None,
        "found": found,
        "changes": [(one.before, one.after, one.plots) for one in found.changes[:SHOWN]] if found else [],
        "may_compare": is_waiting and row.layer.kind != Layer.Kind.OBJECTS,
        "repeal": repeal,
        "is_mine": is_mine and is_waiting,
        "is_own_layer": is_own_layer and not is_mine,
        "asked_by_me": asked_by_me and is_asked,
        "may_decide": is_waiting and is_planner and not is_mine and not is_own_layer,
        "may_refuse": is_waiting and (is_planner or is_mine),
        "may_ask": row.status == LayerStatus.IN_FORCE and row.valid_to is None and not is_asked,
        "may_allow": is_asked and is_planner and not asked_by_me,
        "may_refuse_repeal": is_asked and (is_planner or asked_by_me),
    }
