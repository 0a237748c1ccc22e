"""Versions of layers: one person loads a version, a second one puts it in force; a repeal takes two people likewise."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.models import AuditEvent
from municipality.audit.services import record
from municipality.documents import store
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from zoning.imports.roles import CLERK, PLANNER
from zoning.layers.queries import announced
from zoning.layers.reading import LayerFile
from zoning.models import Layer, LayerFeature, LayerRepeal, LayerStatus, LayerVersion

KIND = "layers"  # of their files


@transaction.atomic
def create(*, layer: Layer, created_by: User) -> Layer:
    """Save a new layer. It has no effect until another person puts its first version in force.

    Raises NotPermitted, Refused: taken (its code, or that there is a layer of land use already).
    """
    require_group(created_by, PLANNER)
    layer.created_by, layer.order = created_by, (Layer.objects.aggregate(last=Max("order"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            layer.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("taken", _("Another person created such a layer just now. Look at the list of layers.")) from error
    facts = {name: getattr(layer, name) for name in ("kind", "name_ar", "name_en", "office_ar", "office_en", "instrument_ar", "article_ar")}
    record("layers.created", subject=f"layer:{layer.pk}", actor=Actor(PLANNER, created_by.key), data=facts)
    return layer


@transaction.atomic
def load(*, layer: Layer, file: LayerFile, name: str, texts: Mapping[str, Any], is_whole: bool, loaded_by: User) -> LayerVersion:
    """Save a file as a version that is pending. `texts` are the legal text, article, first day and mark of the version.

    `is_whole`: the person says that its surfaces are all that was surveyed; only then may the file hold no surveyed surface.
    Raises NotPermitted, Refused: bad_rows, no_coverage, coverage_twice, waiting, same_file.
    """
    require_group(loaded_by, CLERK, PLANNER)
    if file.found:
        raise Refused("bad_rows", _("Rows of the file are wrong, so nothing of it was loaded. They are listed below."))
    if not file.has_coverage and not is_whole:
        raise Refused(
            "no_coverage",
            _("The file marks no surveyed surface. Please add them, or say that exactly the surfaces of the file were surveyed."),
        )
    if file.has_coverage and is_whole:
        raise Refused("coverage_twice", _("The file marks surveyed surfaces. Please untick that its own surfaces are all."))
    row = Layer.objects.select_for_update().get(pk=layer.pk)
    if row.versions.filter(announced()).exists():
        raise Refused("waiting", _("A version of this layer waits already. Put it in force or refuse it first."))
    sha256 = hashlib.sha256(file.content).hexdigest()
    if ImportFile.objects.filter(ImportFile.standing(), kind=KIND, sha256=sha256).exists():
        raise Refused("same_file", _("This very file was loaded before as a version of a layer."))
    saved, count = _save_file(file, name, sha256, loaded_by), len(file.surfaces)
    number = (row.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = LayerVersion.objects.create(layer=row, number=number, load=saved, **texts)
    features = []
    for one in file.surfaces:
        feature = LayerFeature(version=version, is_coverage=one.is_coverage, code=one.code, label_ar=one.label_ar, label_en=one.label_en)
        feature.put(one.kept, file.system)
        features.append(feature)
        if is_whole:
            covering = LayerFeature(version=version, is_coverage=True)
            covering.put(one.kept, file.system)
            features.append(covering)
    LayerFeature.objects.bulk_create(features, batch_size=500)
    _record("loaded", version, Actor(CLERK, loaded_by.key), {"surfaces": count, "sha256": sha256, "is_whole": is_whole})
    return version


def _save_file(file: LayerFile, name: str, sha256: str, loaded_by: User) -> ImportFile:
    count, now = len(file.surfaces), clock.now()
    saved = ImportFile.objects.create(
        kind=KIND,
        name=(name or KIND)[-120:],
        sha256=sha256,
        encoding=file.system,
        content=store.put(file.content, "application/octet-stream"),
        branch=loaded_by.branch,
        lines=count,
        loaded_by=loaded_by,
        loaded_at=now,
    )
    ImportFile.objects.filter(pk=saved.pk).update(read=count, to_add=count, checked_at=now, figures={"repaired": len(file.repaired)})
    return saved


def _record(step: str, version: LayerVersion, actor: Actor, data: dict[str, Any] | None = None) -> AuditEvent:
    subject = f"layer:{version.layer_id}-{version.number}"
    return record(f"layers.{step}", subject=subject, actor=actor, data={"first_day": version.valid_from.isoformat(), **(data or {})})


def _locked(version: LayerVersion) -> LayerVersion:
    """The version, with its layer locked, so that its versions change one by one."""
    Layer.objects.select_for_update().get(pk=version.layer_id)
    return LayerVersion.objects.select_related("layer", "load__loaded_by").get(pk=version.pk)


def _waiting(version: LayerVersion) -> tuple[LayerVersion, ImportFile]:
    """Raises Refused: done."""
    row = _locked(version)
    if row.load is None or row.status != LayerStatus.PENDING or row.load.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    return row, row.load


def version_before(version: LayerVersion) -> LayerVersion | None:
    """The version that this one follows: in force without an end."""
    return LayerVersion.objects.filter(layer=version.layer_id, status=LayerStatus.IN_FORCE, valid_to__isnull=True).first()


def is_own_layer(version: LayerVersion, user: User) -> bool:
    """Whether a version is the first one of a layer that this person created."""
    return (
        version.layer.created_by_id == user.pk
        and not LayerVersion.objects.filter(layer=version.layer_id).exclude(status=LayerStatus.PENDING).exists()
    )


@transaction.atomic
def put_in_force(*, version: LayerVersion, by: User) -> None:
    """Put a pending version in force; the version before ends on its first day.

    Raises NotPermitted (role, same person), Refused: done, too_early.
    """
    require_group(by, PLANNER)
    row, file = _waiting(version)
    if file.loaded_by_id == by.pk:
        raise NotPermitted("same_person", _("The person who loaded the version cannot put it in force. A second person must."))
    if is_own_layer(row, by):
        raise NotPermitted("same_person", _("The person who created the layer cannot put its first version in force. Another person must."))
    before = version_before(row)
    later = Q(valid_from__gte=row.valid_from) | Q(valid_to__gt=row.valid_from)
    if LayerVersion.objects.filter(later, layer=row.layer_id).exclude(status=LayerStatus.PENDING).exists():
        raise Refused("too_early", _("Another version is in force on or after its first day. Load it with a later first day."))
    now = clock.now()
    ImportFile.objects.filter(pk=file.pk).update(released_by=by, released_at=now, taken_line=file.lines, added=file.lines, done_at=now)
    if before is not None:
        LayerVersion.objects.filter(pk=before.pk).update(status=LayerStatus.REPEALED, valid_to=row.valid_from)
        ImportFile.objects.filter(pk=before.load_id or 0).update(ended_at=now)
    LayerVersion.objects.filter(pk=row.pk).update(status=LayerStatus.IN_FORCE)
    data = {"loaded_by": file.loaded_by.key, "version_before": before.number if before is not None else 0}
    _record("in_force", row, Actor(PLANNER, by.key), data)


@transaction.atomic
def refuse(*, version: LayerVersion, by: User) -> None:
    """Refuse a pending version, as a planner or whoever loaded it; it stays to be read. Raises NotPermitted, Refused: done."""
    row, file = _waiting(version)
    require_group(by, PLANNER, *((CLERK,) if file.loaded_by_id == by.pk else ()))
    ImportFile.objects.filter(pk=file.pk).update(refused_by=by, refused_at=clock.now())
    _record("refused", row, Actor(PLANNER, by.key), {"loaded_by": file.loaded_by.key})


@transaction.atomic
def ask_repeal(*, version: LayerVersion, ends_on: dt.date, instrument_ar: str, instrument_en: str, asked_by: User) -> LayerRepeal:
    """Ask for the repeal of the version in force. Raises NotPermitted, Refused: not_open, asked_already, too_early."""
    require_group(asked_by, CLERK, PLANNER)
    row = _locked(version)
    if row.status != LayerStatus.IN_FORCE or row.valid_to is not None:
        raise Refused("not_open", _("Only a version that is in force without an end can be repealed."))
    if row.repeals.filter(refused_by__isnull=True).exists():
        raise Refused("asked_already", _("The repeal of this version was asked for already."))
    if ends_on <= row.valid_from:
        raise Refused("too_early", _("A version applies for one day at least. Please give a later day."))
    texts = {"instrument_ar": instrument_ar, "instrument_en": instrument_en}
    repeal = LayerRepeal.objects.create(version=row, ends_on=ends_on, asked_by=asked_by, asked_at=clock.now(), **texts)
    _record("repeal_asked", row, Actor(CLERK, asked_by.key), {"repeal": repeal.public_id, "ends_on": ends_on.isoformat()})
    return repeal


def _open(version: LayerVersion) -> tuple[LayerVersion, LayerRepeal]:
    """Raises Refused: done."""
    row = _locked(version)
    repeal = row.repeals.filter(refused_by__isnull=True, event__isnull=True).select_related("asked_by").first()
    if repeal is None or row.valid_to is not None:
        raise Refused("done", _("This has already been decided."))
    return row, repeal


@transaction.atomic
def allow_repeal(*, version: LayerVersion, by: User) -> None:
    """Repeal a version. Raises NotPermitted (role, same person), Refused: done."""
    require_group(by, PLANNER)
    row, repeal = _open(version)
    if repeal.asked_by_id == by.pk:
        raise NotPermitted("same_person", _("The person who asked for it cannot allow it. A second person must."))
    data = {"repeal": repeal.public_id, "asked_by": repeal.asked_by.key, "ends_on": repeal.ends_on.isoformat()}
    event = _record("repealed", row, Actor(PLANNER, by.key), data)
    LayerRepeal.objects.filter(pk=repeal.pk).update(allowed_by=by, event=event)
    LayerVersion.objects.filter(pk=row.pk).update(status=LayerStatus.REPEALED, valid_to=repeal.ends_on)
    ImportFile.objects.filter(pk=row.load_id or 0).update(ended_at=clock.now())


@transaction.atomic
def refuse_repeal(*, version: LayerVersion, by: User) -> None:
    """Refuse the repeal, as a planner or whoever asked for it. Raises NotPermitted, Refused: done."""
    row, repeal = _open(version)
    require_group(by, PLANNER, *((CLERK,) if repeal.asked_by_id == by.pk else ()))
    LayerRepeal.objects.filter(pk=repeal.pk).update(refused_by=by)
    _record("repeal_refused", row, Actor(PLANNER, by.key), {"repeal": repeal.public_id})
