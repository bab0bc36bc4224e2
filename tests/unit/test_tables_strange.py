"""Cells, columns and tables that are nearly what they seem: right, or refused by name."""

from __future__ import annotations

import collections
import datetime
import random
import time
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe import Linear, io
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.schema import Category, Encoded, Number, Schema, Thresholds, category, number, thresholds
from pyfe.schema.frames import as_column
from pyfe.schema.persons import holds_persons

ROWS = 60
RANDOM = random.Random(7)


def fit(values: Any, name: str = "v") -> Schema:
    """A schema of ten different values, each in six rows, as a table of many visits of few patients has them."""
    return Schema.fit({name: [values[i % len(values)] for i in range(ROWS)], "z": np.linspace(0, 1, ROWS)})


def digits(count: int) -> str:
    return "".join(RANDOM.choices("123456789", k=count))


def ten(make: Any) -> list[str]:
    return [make(i) for i in range(10)]


PATIENTS = {
    "uuid": ten(lambda i: str(uuid.UUID(int=RANDOM.getrandbits(128)))),
    "uuid, hexadecimal": ten(lambda i: uuid.UUID(int=RANDOM.getrandbits(128)).hex),
    "insurance": ten(lambda i: f"A{digits(9)}"),
    "pension": ten(lambda i: f"65 {digits(6)} M {digits(3)}"),
    "social security": ten(lambda i: f"9{digits(2)}-{digits(2)}-{digits(4)}"),
    "health service": ten(lambda i: f"{digits(3)} {digits(3)} {digits(4)}"),
    "telephone": ten(lambda i: f"+49 170 {digits(7)}"),
    "telephone with brackets": ten(lambda i: f"(0{digits(3)}) {digits(3)}-{digits(4)}"),
    "mail": ten(lambda i: f"{'abcdefghij'[i]}@clinic.org"),
    "record": ten(lambda i: f"MRN-{digits(5)}"),
    "pseudonym": ten(lambda i: f"P{i:04d}"),
    "account": ten(lambda i: f"DE{digits(2)} {digits(4)} {digits(4)} {digits(4)} {digits(2)}"),
    "postal code": ten(lambda i: f"D-{digits(5)}"),
    "British postal code": ten(lambda i: f"SW{i}A {i}AA"),
    "note": ten(lambda i: f"Patient {i} says that since yesterday " + "the left arm hurts and " * 3),
}


@pytest.mark.parametrize("values", PATIENTS.values(), ids=PATIENTS)
def test_identifiers_are_refused_however_often_each_is_seen(values: list[str]) -> None:
    """Nothing else can refuse: each value stands in six rows, and is no number and no date."""
    with pytest.raises(ParameterError, match="^column 'v': its text looks like record numbers"):
        fit(values)


OF_PERSONS = {
    "English": (
        "name, last_name, Surname, patient, PatientID, subject code, initials, patientname, fullname, full_name, "
        "pat_name, pt_name, PT_NO, client, client_name, Participant ID, patid, pat_id, pid, hospital_no, "
        "HospitalNumber, case_no, nhs_number, NHSno, CHI number, insured, policy no, insurance_number, member_id, "
        "medical_record_number, MRN, EMRN, chart no, stay_id, hadm_id, patient's name, name of mother, mother's "
        "maiden name, next_of_kin_name, guardian name, donor_id, referring physician, surgeon, GP name, "
        "provider_name, username, home_phone, Email Address, street, lab_patientname_2, baseline_patient_id, "
        "sample_id, alias"
    ),
    "German": (
        "Name, Vorname, Nachname, Name_Vorname, Patientenname, Patientin, Patientennummer, Pat.-Nr., PatNr, "
        "PatientenID, Patientenkürzel, Fallnummer, Fall-ID, Aufnahmenummer, Aktenzeichen, Krankenaktennummer, "
        "Versichertennummer, KVNR, AHV-Nummer, Krankenversichertennummer, Sozialversicherungsnummer, "
        "Probandennummer, Studienteilnehmer, Klientenname, Bewohner, Geburtsname, Mädchenname, Maedchenname, Name "
        "des Patienten, Kontaktperson, Hausarzt, Operateur, Arztname, Anschrift, Straße, Telefonnummer, "
        "E-Mail-Adresse, Initialen, Pseudonym, Personalnummer, Probennummer"
    ),
    "French": (
        "nom, nom_patient, nom du patient, prénom, Nom et prénom, nom de naissance, N° patient, numéro patient, "
        "no_dossier, numero_dossier, numéro de sécurité sociale, identifiant, id_patient, code patient, sujet, "
        "bénéficiaire, assuré, médecin traitant"
    ),
    "Spanish": (
        "nombre, nombre_paciente, nombre del paciente, apellidos, Nombre y apellidos, paciente, id_paciente, "
        "codigo_paciente, número de historia clínica, NHC, número de afiliado, nombre del médico, dirección, "
        "cédula, identificador, correo electrónico"
    ),
    "CDISC": "SUBJID, USUBJID, subjid, RSUBJID, STUDYID, INVNAM",
    "DICOM": (
        "PatientName, PatientBirthName, PatientMotherBirthName, OtherPatientIDs, PatientAddress, "
        "IssuerOfPatientID, AccessionNumber, StudyInstanceUID, ReferringPhysicianName, OperatorsName, "
        "ClinicalTrialSubjectID"
    ),
    "HL7": (
        "patient.name, Patient Identifier List, Patient Alias, Patient Account Number, subject.reference, "
        "patient.identifier"
    ),
    "OMOP, i2b2": (
        "person_id, person_source_value, provider_id, visit_occurrence_id, patient_num, encounter_num, patient_ide"
    ),
}
HONEST = (
    "v, site_id, patient_group, hospital name, hospital_id, patient_type, PatientClass, patient_sex, client_type, "
    "drug_name, test_name, diagnosis_code, stage, pT, pN, fall, fall_risk, Fallart, family_history, "
    "first_line_therapy, case_control, case_mix, donor, donor_type, insurance, insurance_type, Versicherungsart, "
    "Krankenkasse, provider_type, admission_source, visit_number, no_of_contacts, number_of_cases, new_patient, "
    "initial_stage, gene_signature, node, idle, inside, acid, lipid, nonphysician, cpr, ins, chi, kind, "
    "personal_history, social_status, mother_education, member_status, sample_type, StationName, InstitutionName, "
    "tipo_paciente, type_patient, Aufnahmeart, household_type, code, key, label"
)


@pytest.mark.parametrize("names", OF_PERSONS.values(), ids=OF_PERSONS)
def test_columns_called_after_persons_are_refused(names: str) -> None:
    """In every compound that tables of hospitals have; nothing in the cells could refuse them."""
    for name in names.split(", "):
        with pytest.raises(ParameterError, match="by its name it holds names or numbers of persons"):
            fit(["Ann", "Bob", "Eve"], name)


def test_columns_called_after_kinds_of_persons_are_kept() -> None:
    for honest in HONEST.split(", "):
        assert isinstance(fit(["Ann", "Bob", "Eve"], honest).columns[honest], Category), honest
    assert isinstance(fit(["case", "control"], "case").columns["case"], Category)


@pytest.mark.parametrize("name", ["patientennummer", "USUBJID", "hospital_no", "id_paciente", "num_dossier", "patid"])
def test_integers_called_after_persons_are_refused(name: str) -> None:
    numbers = np.random.default_rng(0).permutation(5000)[:ROWS]
    with pytest.raises(ParameterError, match="look like record numbers"):
        Schema.fit({name: numbers})
    for honest in ("number_of_cases", "donor_age", "visits"):
        assert isinstance(Schema.fit({honest: numbers}).columns[honest], Number)


@pytest.mark.parametrize("name", ["patient" * 150, "ид " * 300, "no" * 500, "ptpt" * 15, "_" * 1000, "nopt" * 15 + "x"])
def test_long_names_are_read_in_no_time(name: str) -> None:
    start = time.process_time()
    holds_persons(name)
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    "levels",
    [
        ["2010-2014", "2015-2019"],
        ["cohort 2010-2014", "cohort 2015-2019"],
        ["T1N0M0", "T2N1M0"],
        ["A10BA02", "C09AA05"],
        ["I10", "E11.9", "S72.001A"],
        ["18-39", "40-59", "60+"],
        ["A+", "0-", "AB+"],
        ["Ward 12", "ICU"],
        ["January", "May"],
        ["drug 10 mg", "placebo"],
        ["0/0", "0/1"],
        ["10000 to 20000 EUR", "more"],
    ],
)
def test_honest_levels_are_kept(levels: list[str]) -> None:
    column = fit(levels).columns["v"]
    assert isinstance(column, Category) and set(column.levels) == set(levels)


FORMATS = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d.%m.",
    "%d%b%Y:%H:%M:%S",
    "%A, %d %B %Y",
    "%a, %d %b %Y %H:%M:%S +0000",
    "%m/%Y",
    "%b %Y",
    "%B %Y",
    "%b-%y",
    "%Y/%m",
    "%Hh%M",
    "%H:%M Uhr",
    "%Y-%j",
    "%Y\u5e74%m\u6708%d\u65e5",
    "%b %d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%d %m %Y",
    "%Y %m %d",
    "%d %b '%y",
    "%B %dth, %Y",
    "%YQ1",
    "%Y%m%d_%H%M%S",
]


@pytest.mark.parametrize("form", FORMATS)
def test_dates_of_every_spelling_are_refused_however_often_seen(form: str) -> None:
    first = datetime.datetime(1950, 3, 7, 13, 5, 9)
    values = [(first + i * datetime.timedelta(days=404, hours=5, minutes=7)).strftime(form) for i in range(6)]
    with pytest.raises(ParameterError, match="^column 'v': dates or times"):
        fit(values)
    with pytest.raises(ParameterError, match="^column 'v': dates or times"):
        fit(["unknown", "none", "not asked", "later", *values[:2]])


def test_dates_and_codes_written_as_integers_are_refused() -> None:
    days = [19500307, 19510822, 19520101]
    for values in (days, [float(day) for day in days], [str(day) for day in days]):
        with pytest.raises(ParameterError, match="dates or times stand here as integers"):
            fit(values)
    with pytest.raises(ParameterError, match="seconds since 1970"):
        fit([1577836800 + 86400 * i for i in range(6)])
    with pytest.raises(ParameterError, match="look like record numbers"):
        fit([1234567891 + 7919 * i for i in range(6)])
    with pytest.raises(ParameterError, match="digits with zeros in front"):
        fit(["01067", "04109", "80331"])
    assert isinstance(fit(["05", "12", "33"]).columns["v"], Number)
    assert isinstance(fit([30_000_000, 45_500_000, 50_000_000]).columns["v"], Number)


def test_codes_in_files_keep_their_zeros(tmp_path: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("plz,age\n" + "01067,50\n80331,61\n" * 10)
    table = io.read_table(path)
    with pytest.raises(ParameterError, match="'plz': digits with zeros in front"):
        Schema.fit(table.guessed())
    schema = Schema.fit(table.guessed(), levels={"plz": ["01067", "80331"]})
    assert io.encode_table(table, schema).x[:2, 0].tolist() == [0, 1]
    with pytest.raises(ParameterError, match="one ASCII sign"):
        io.read_table(path, delimiter=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        ["(18.4)", "(19.8)"],
        ["18.4 \u00b1 0.3", "19.8 \u00b1 0.4"],
        ["18.4 +/- 0.3", "19 +/- 1"],
        ["ca. 18", "ca. 20"],
        ["1.8\u00d710^9", "2.0\u00d710^9"],
        ["1.8x10^9/l", "2x10^9/l"],
        ["\u221218.4", "\u221219.8"],
        ["\u20ac18.39", "\u20ac7"],
        ["$ 1,839.26", "$ 2.00"],
        ["'18.4'", "'19.8'"],
        [",18", ",20"],
        ["1.8D+01", "2D+01"],
        ["18,4E+02", "19,8E+02"],
        ["18\u00b74", "19\u00b78"],
        ["#1839", "#1977"],
        ["18.4-", "19.8-"],
        ["2y 10m", "3y 4m"],
    ],
)
def test_numbers_of_every_spelling_are_refused_however_often_seen(values: list[str]) -> None:
    with pytest.raises(ParameterError, match="^column 'v': .*(number|date).* stand here as text"):
        fit(values)


# -- tables and columns --


@pytest.fixture
def schema() -> Schema:
    return Schema.from_ranges({"age": number(0, 255, step=1), "smoker": ["no", "yes"]}, missing={"age": 50})


SMOKER = ["no", "yes", "no"]


@pytest.mark.parametrize(
    "column",
    [
        pd.DataFrame({"q": [1, 2, 3]}),
        bytearray(b"abc"),
        memoryview(b"abc"),
        pd.period_range("2020", periods=3, freq="M"),
        pd.Series(pd.PeriodIndex([None] * 3, freq="M")),
        np.array([np.timedelta64(5), 1, 2], dtype=object),
        [np.timedelta64(5), 1, 2],
    ],
)
def test_what_is_no_column_is_refused_by_name(schema: Schema, column: Any) -> None:
    with pytest.raises((ParameterError, OutOfRangeError), match="column 'age'"):
        schema.encode({"age": column, "smoker": SMOKER})


@pytest.mark.parametrize("kind", ["date32", "date64", "time32", "time64", "duration", "month_day_nano_interval"])
def test_absent_dates_are_dates(schema: Schema, kind: str) -> None:
    """A column of dates is refused by its type: entries that are all absent would take the stated value otherwise."""
    pa = pytest.importorskip("pyarrow")
    unit = {"time32": ("s",), "time64": ("us",), "duration": ("s",)}.get(kind, ())
    column = pa.nulls(3, getattr(pa, kind)(*unit))
    for table in (
        pa.table({"age": column, "smoker": SMOKER}),
        {"age": pd.Series([None] * 3, dtype=pd.ArrowDtype(column.type)), "smoker": SMOKER},
    ):
        with pytest.raises(ParameterError, match="column 'age': dates or times"):
            schema.encode(table)


def test_polars_of_every_kind(schema: Schema) -> None:
    pl = pytest.importorskip("polars")
    wide = pl.DataFrame({"age": pl.Series([54, 61, 50]).cast(pl.Int128), "smoker": SMOKER})
    assert schema.encode(wide).x[:, 0].tolist() == [54, 61, 50]
    for dtype in (pl.Date, pl.Duration, pl.Datetime, pl.Time):
        with pytest.raises(ParameterError, match="column 'age': dates or times"):
            schema.encode(pl.DataFrame({"age": pl.Series([None] * 3, dtype=dtype), "smoker": SMOKER}))
    for strange in (pl.col("age"), wide.group_by("age")):
        with pytest.raises(ParameterError, match=r"polars \w+ is no table"):
            schema.encode(strange)
    with pytest.raises(ParameterError, match="column 'age' is a polars Expr"):
        schema.encode({"age": pl.lit(1), "smoker": SMOKER})


def test_sparse_mappings_and_named_rows_say_the_cure(schema: Schema) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ParameterError, match="sparse matrix"):
        schema.encode(sparse.dok_array(np.eye(2)))
    row = collections.namedtuple("row", "smoker age")
    with pytest.raises(ParameterError, match="list of records"):
        Schema.from_ranges({"age": (0, 9), "smoker": (0, 9)}).encode([row(1, 2)])


def test_options_find_names_in_their_normal_form() -> None:
    decomposed, composed = "gro\u0308\u00dfe", "gr\u00f6\u00dfe"
    schema = Schema.from_ranges({decomposed: (0, 9), "b": (0, 1)}, public=[composed], missing={composed: 5})
    assert schema.columns[decomposed].public and schema.columns[decomposed].missing == 5
    fitted = Schema.fit({decomposed: np.linspace(0, 1, 20)}, bits={composed: 4})
    assert fitted.columns[decomposed].size == 16
    with pytest.raises(ParameterError, match="there is no column"):
        Schema.from_ranges({"b": (0, 1)}, public=[composed])


@pytest.mark.parametrize("turned", [False, True], ids=["schema decomposed", "schema composed"])
def test_weights_and_models_find_names_in_their_normal_form(turned: bool) -> None:
    """Columns, levels, coordinates and symbols, as macOS writes them and as everybody else does."""
    ours, theirs = ("gro\u0308\u00dfe", "gr\u00f6\u00dfe")[:: -1 if turned else 1]
    level, other = ("ma\u0308nnlich", "m\u00e4nnlich")[:: -1 if turned else 1]
    forms = {"f": {theirs: 1, f"sex={other}": 2, "b": 1}}
    schema = Schema.from_ranges({ours: (0, 9), "b": (0, 1), "sex": [level, "w", "d"]}, protected_forms=forms)
    assert schema.to_dict()["protected_forms"] == [{"name": "f", "weights": {ours: 1, f"sex={level}": 2, "b": 1}}]
    assert Schema.from_bytes(schema.to_bytes()) == schema
    exact = pyfe.compile(Linear({ours: 1.0, "sex": {level: 2.0}}), schema)
    assert pyfe.compile(Linear({theirs: 1.0, "sex": {other: 2.0}}), schema).weights.tolist() == exact.weights.tolist()
    for twice in ({ours: 1.0, theirs: 1.0}, {"sex": {level: 1.0, other: 1.0}}):
        with pytest.raises(ParameterError, match="twice"):
            pyfe.compile(Linear(twice), schema)
    with pytest.raises(ParameterError, match="twice"):
        Schema.from_ranges({ours: (0, 9)}, protected_forms={"f": {ours: 1, theirs: 1}})
    numbers = Schema.from_ranges({ours: (0, 9), "b": (0, 1)})
    X = pd.DataFrame({theirs: np.arange(40.0) % 9, "b": np.arange(40.0) / 40})
    linear_model, sympy = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sympy")
    fitted = linear_model.LinearRegression().fit(X, X[theirs] + 3 * X["b"])
    stated = pyfe.compile(Linear({ours: 1.0, "b": 3.0}), numbers).weights.tolist()
    assert pyfe.compile(fitted, numbers).weights.tolist() == stated
    assert pyfe.compile(sympy.Symbol(theirs) + 3 * sympy.Symbol("b"), numbers).weights.tolist() == stated


@pytest.mark.parametrize(
    ("cut", "cell", "bit"),
    [
        (2.0**63, 2**63 - 1, 0),
        (2.0**63, 2**63, 1),
        (2.0**53 + 4, 2**53 + 3, 0),
        (2.0**53 + 4, 2**53 + 4, 1),
        (-(2.0**53) - 4, -(2**53) - 5, 0),
        (1.7976931348623157e308, 10**400, 1),
        (1e300, -(10**400), 0),
    ],
)
def test_integers_meet_cuts_exactly(cut: float, cell: int, bit: int) -> None:
    schema = Schema({"t": thresholds([cut])})
    kinds: list[Any] = [[cell], [cell, 0.5][:1], pd.Series([cell], dtype=object)]
    kinds += [np.array([cell], dtype=np.uint64 if cell > 0 else np.int64)] if -(2**63) <= cell < 2**64 else []
    for values in kinds:
        assert schema.encode({"t": values}).x.tolist() == [[bit]]
    assert Schema({"t": thresholds([0.1])}).encode({"t": ["0.1"]}).x.tolist() == [[1]], "text is the double it spells"


CUT = 2**53 + 4
"""A cut whose neighbours among the integers are no doubles."""

BESIDE: dict[str, Any] = {
    "text": [str(CUT - 1), f" {CUT} ", str(CUT + 1)],
    "text with decimals": [f"{CUT - 1}.9", f"{CUT}.0", f"+{CUT}.1"],
    "numpy text": np.array([str(CUT - 1), str(CUT), str(CUT + 1)]),
    "decimals": [Decimal(CUT - 1), Decimal(CUT), Decimal(CUT + 1)],
    "fractions": [Fraction(3 * CUT - 1, 3), Fraction(CUT), Fraction(CUT + 1)],
    "long doubles": np.array([CUT - 1, CUT, CUT + 1]).astype(np.longdouble),
    "pandas text": pd.Series([str(CUT - 1), str(CUT), str(CUT + 1)], dtype="string"),
}


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long doubles are doubles here")
@pytest.mark.parametrize("values", BESIDE.values(), ids=BESIDE)
def test_numbers_of_every_kind_meet_cuts_exactly(values: Any) -> None:
    schema = Schema({"t": thresholds([CUT])})
    assert schema.encode({"t": values}).x[:, 0].tolist() == [0, 1, 1]


@pytest.mark.parametrize(("library", "make"), [("polars", "Series"), ("pyarrow", "array")])
def test_decimals_of_other_libraries_meet_cuts_exactly(library: str, make: str) -> None:
    values = getattr(pytest.importorskip(library), make)([Decimal(CUT - 1), Decimal(CUT), Decimal(CUT + 1)])
    assert Schema({"t": thresholds([CUT])}).encode({"t": values}).x[:, 0].tolist() == [0, 1, 1]


def test_a_printed_double_is_the_double() -> None:
    """As CSV files of other programs hold them: in the digits that tell doubles apart, and no more."""
    cut = 2.0**70
    assert Decimal(repr(cut)) < Decimal(cut), "or it would show nothing"
    assert Schema({"t": thresholds([cut])}).encode({"t": [repr(cut)]}).x.tolist() == [[1]]


@pytest.mark.parametrize(
    "number",
    [2**53 + 1, -(2**60) - 1, np.int64(2**53 + 1), np.uint64(2**63 + 1), Decimal(2**53 + 1), Fraction(2**54 + 1, 2)],
)
def test_a_cut_that_is_no_double_is_refused(number: Any) -> None:
    for make in (
        lambda: thresholds([number]),
        lambda: thresholds([0], missing=number),
        lambda: Thresholds(cuts=(number,)),
        lambda: Thresholds(cuts=(0.0,), missing=number),
    ):
        with pytest.raises(ParameterError, match=r"beyond 2\^53 hold some integers only; the nearest is"):
            make()
    assert thresholds([2**53, 2**60, Decimal("0.1") + 2**62 - Decimal("0.1")]).width == 3


def test_weights_by_cut_name_each_cut_once_and_exactly() -> None:
    schema = Schema({"t": thresholds([0.5, CUT])})
    weights = schema.columns["t"].stated_weights({str(CUT): 2.0, "0.5": 1.0}, "a weight")
    assert weights.tolist() == [1.0, 2.0]
    for named, match in (
        ({CUT - 1: 1.0}, "which the column does not have"),
        ({"x": 1.0}, "which the column does not have"),
        ({"nan": 1.0}, "which the column does not have"),
        ({"0.5": 1.0, "0.50": 2.0}, "names cut 0.5 twice"),
    ):
        with pytest.raises(ParameterError, match=match):
            pyfe.compile(pyfe.Linear({"t": named}), schema)


@pytest.mark.parametrize("cell", ["1e" + "9" * 30, "-1e" + "9" * 30, "1e-" + "9" * 30, "0" * 2000])
def test_numbers_beyond_every_exponent_are_no_level(cell: str) -> None:
    with pytest.raises(OutOfRangeError, match="not a level in row 0"):
        Schema({"t": category([1, 2])}).encode({"t": [cell]})


def test_durations_are_no_numbers() -> None:
    for value in (np.timedelta64(2), np.timedelta64(2, "s")):
        cells = np.array([value, 1], dtype=object)
        for column in (category([1, 2, 3]), number(0, 9, step=1)):
            with pytest.raises(OutOfRangeError, match="(not a level|not a number) in row 0"):
                Schema({"c": column}).encode({"c": cells})


# -- encoded rows and batches --


def test_encoded_rows_are_checked() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "b": (0, 9)})
    encoded = schema.encode({"a": [1, 2, 3], "b": [1, 2, 3]})
    assert len(list(encoded)) == 3 and len(encoded[-1]) == 1
    for rows in ("a", 1.5, None, np.array([True]), [99], (slice(None), 0)):
        with pytest.raises(ParameterError):
            encoded[rows]
    for wrong in ("x", b"short", 5):
        with pytest.raises(ParameterError, match="32 bytes"):
            Encoded(encoded.x, schema_id=wrong)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="masked"):
        schema.check(Encoded(np.ma.array(encoded.x, mask=[[1, 0]] * 3)))
    assert schema.check(Encoded(np.ma.array(encoded.x))).shape == (3, 2)


def test_only_batches_are_joined_and_cut() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "b": (0, 9)})
    batch = pyfe.KeyAuthority.create(schema).public_key.encrypt({"a": [1, 2], "b": [1, 2]})
    for wrong in (5, None, [batch, 5], [batch, schema.encode({"a": [1], "b": [1]})], ["x"]):
        with pytest.raises(ParameterError, match="concatenated"):
            pyfe.CiphertextBatch.concat(wrong)  # type: ignore[arg-type]
    for rows in ("a", 1.5, None, [0], np.array([True, False]), True):
        with pytest.raises(ParameterError, match="cut by"):
            batch[rows]  # type: ignore[index]
    assert len(batch[np.int64(1)]) == 1 and len(pyfe.CiphertextBatch.concat(iter([batch, batch[:0]]))) == 2


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "uint8"])
def test_arrow_numbers_are_the_same_in_one_piece_in_several_and_within_others(kind: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    cells = np.array([1, 2.5, np.nan, 7, 0, 3], kind) if kind.startswith("float") else np.arange(6, dtype=kind)
    whole = pyarrow.array(cells, mask=np.isnan(cells))  # nothing for NaN
    pieces = pyarrow.chunked_array([whole[:2], whole[2:2], whole[2:]])
    for column, expected in ((whole, cells), (whole[1:5], cells[1:5]), (pieces, cells), (pieces[1:5], cells[1:5])):
        found = as_column(column)
        assert np.array_equal(found, expected, equal_nan=kind.startswith("float"))
        assert found.dtype == expected.dtype or not isinstance(column, pyarrow.ChunkedArray)
    assert as_column(pyarrow.chunked_array([], kind.replace("float16", "halffloat"))).tolist() == []
