"""Names of columns that hold names or numbers of persons: patients, their relatives, and who treats them.

A column's name is cut into words, at capitals, at signs, and into the words of a compound (Patientennummer, USUBJID);
accents are dropped. The words are those of tables of hospitals, registries and studies in English, German, French and
Spanish, some of Italian, Portuguese and Dutch, and of CDISC, DICOM, HL7, FHIR, OMOP and i2b2; a name in other words
says nothing. Such a column is one whose name holds

- a word of :data:`_IDENTITIES`, whatever stands beside it (surname, mrn, usubjid);
- a person beside a number or a name (patient id, name of mother), or what has a number for each person beside a number
  (hospital number, encounter id), whatever else stands there;
- nothing but words of :data:`_ALONE` and those of persons, numbers and names (patient, study id, full name).

So ``patient type``, ``hospital``, ``drug name``, ``case control`` and ``family history`` are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

__all__ = ["holds_persons", "words_of"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IDENTITIES = _set(
    """
    surname surnames forename forenames firstname lastname middlename maidenname fname lname familyname givenname
    nickname fullname initials username login mrn emrn mrno ssn nino uhid nachname nachnamen vorname vornamen zuname
    familienname geburtsname rufname ledigname madchenname maedchenname spitzname initialen kvnr svnr ahv prenom
    prenoms apellido apellidos nombres cognome cognomi sobrenome apelido achternaam voornaam voorletters
    codicefiscale burgerservicenummer bsn personnummer fodselsnummer henkilotunnus hetu aadhaar curp cpf cedula
    usubjid subjid rsubjid patid ptid hesid lopatid enrolid hadm icustayid eid email emails courriel handynummer
    mobilnummer telefonnummer hausnummer personalausweis reisepass pasaporte passeport pseudonym pseudonyme
    seudonimo
    """
)
"""Calls a person, or is a person's own, in whatever compound."""

_PERSONS = _set(
    """
    patient patients pat pats pt pts pnt ptnt subject subjects subj usubj sbj person persons pers prsn personal
    individual individuals participant participants volunteer client clients customer member members beneficiary
    bene enrollee subscriber insured guarantor policyholder donor donors recipient recipients resident residents
    inmate user users case cases child children baby infant newborn neonate fetus twin mother mothers father fathers
    parent parents spouse partner sibling relative relatives guardian carer caregiver proxy kin nok contact contacts
    household physician physicians doctor doctors surgeon surgeons anaesthetist anesthesiologist nurse nurses
    midwife therapist practitioner practitioners clinician provider providers gp consultant operator operators
    investigator inv technician radiologist pathologist reader rater observer employee employees staff worker
    patientin patientinnen patienten proband probanden probandin teilnehmer teilnehmerin studienteilnehmer fall
    klient klienten klientin klientinnen versicherter versicherte versicherten versichertem bewohner bewohnerin
    spender spenderin empfanger empfaenger kind kindes mutter vater eltern angehoriger angehorige angehorigen
    angehoeriger angehoerige angehoerigen kontaktperson ansprechpartner bezugsperson betreuer vormund mitglied kunde
    kunden mandant personen arzt arztes arztin aerztin arzte aerzte hausarzt hausarztin behandler operateur chirurg
    chirurgin einsender zuweiser untersucher prufarzt pruefarzt pfleger pflegekraft hebamme mitarbeiter patiente
    patientes malade malades assure assures beneficiaire beneficiaires individu sujet sujets personne personnes
    adherent mere pere enfant conjoint tuteur proche medecin medecins praticien paciente pacientes asegurado
    asegurados beneficiario beneficiarios afiliado afiliados usuario usuarios persona personas sujeto sujetos
    cliente clientes madre padre hijo conyuge tutor familiar medico medicos paziente pazienti assistito assistiti
    utente utentes soggetto pessoa deelnemer verzekerde
    """
)
"""A person where a number or a name stands beside it; by itself it may be anything (``pT``, ``fall``, ``donor``)."""

_KEPT = _set(
    """
    record records rec chart charts medical health healthcare card dossier file files folder akte akten kartei
    patientenakte krankenakte fallakte historia historial clinica clinico expediente prontuario cartella fascicolo
    encounter enc encounters stay icustay episode spell admission admissions adm inpatient outpatient occurrence ip
    op ipd opd account acct insurance insur policy membership subscription medicare medicaid social security
    sozialversicherung sozialversicherungs rentenversicherung rentenversicherungs krankenversicherung
    krankenversicherungs krankenversicherten versicherung versicherungs krankenkassen kassen aufnahme auftrag sejour
    hospitalisation securite secu sociale assurance seguridad tarjeta sanitaria seguro ingreso specimen sample
    samples accession tube barcode biobank probe proben slide instance passport license licence driver nhs chi hcn
    phn ohip ramq cip nir ins ipp iep dni nhc nuhsa nie nif tsi rut cpr cnp ssn npi lanr csn fin hsp hkid nric ihi
    randomization randomisation randomisierungs screening enrolment enrollment telephone telefon tel phone mobile
    movil celular fax pager
    """
)
"""Has a number of its own for every person, or for every stay, record or sample of one."""

_PLACES = _set("hospital hosp clinic klinik krankenhaus spital hopital clinique ospedale ziekenhuis")
"""``hospital number`` is a patient's number; ``hospital id`` is more often the hospital's."""

_COUNTS = _set("no nos nr nrs num nums number numbers nbr nummer nummern numero numeros numer")

_NUMBERS = _COUNTS | _set(
    "id ids uid uids uuid guid ident identifier identifiers identification identifikation identifikator identifiant "
    "identifiants identificador identificacion identificativo identitat identity kennung kennzeichen kennziffer ide"
)

_NAMES = _NUMBERS | _set(
    """
    name names nm nam nme namen naam nom noms nombre nome nomi alias address addresses adr addr adresse adressen
    anschrift direccion domicilio indirizzo endereco mail phone telephone telephones telefon telefono tel mobile
    code codes key keys hash schlussel schluessel kurzel kuerzel kode kodes codigo codice chiffre cle clave token
    link pseudo reference ref zeichen init
    """
)

_ALONE = _set(
    """
    id ids mrn uid pid uuid guid ssn identifier identifiers record patient patients subject case accession person
    participant proband name names initials mail phone telephone mobile fax address addresses street individual
    individuals client clients subj usubj persons participants volunteer beneficiary enrollee subscriber insured
    guarantor policyholder physician physicians doctor surgeon practitioner anaesthetist anesthesiologist consultant
    alias passport patientin patientinnen patienten probanden probandin teilnehmer teilnehmerin studienteilnehmer
    klient klienten klientin versicherter versicherte versicherten bewohner bewohnerin kontaktperson ansprechpartner
    fallnummer aktenzeichen arzt arztin aerztin hausarzt hausarztin behandler operateur chirurg chirurgin einsender
    zuweiser namen adresse anschrift strasse telefon kennung patiente patientes malade assure beneficiaire sujet nom
    noms medecin identifiant identifiants rue nir paciente pacientes asegurado afiliado nombre direccion domicilio
    calle telefono correo medico identificador identificacion nhc paziente pazienti assistito utente nome nomi
    indirizzo endereco naam
    """
)
"""By itself the name of such a column, or beside nothing but further such words."""

_BESIDE = _set(
    """
    study full complete first last given family middle maiden birth legal display preferred previous former other
    second alternate alternative surrogate unique local national internal external anon anonymous anonymised
    anonymized pseudonymised pseudonymized encrypted hashed masked deidentified scrambled raw orig original text txt
    str string list home work private business electronico attending referring treating responsible admitting
    requesting performing traitant behandelnder zustandiger studien interne externe voller vollstandiger
    vollstaendiger eindeutige naissance usage nacimiento completo complet permanent of the s a de du des d del della
    di da do der die das dem von la le el les los las et y e und l
    """
)
"""Says nothing: the column is what it is without it."""

_PAIRS = ((_PERSONS, _NAMES), (_KEPT, _NUMBERS), (_PLACES, _COUNTS))
_KNOWN = _IDENTITIES | _PERSONS | _KEPT | _PLACES | _NAMES | _ALONE
_IN_COMPOUNDS = _set("id no nr nm pt") | frozenset(word for word in _KNOWN if len(word) > 2)
_IN_COMPOUNDS |= frozenset(word for word in _BESIDE if len(word) > 3)
_IN_COMPOUNDS -= {"ide"}
_LINKS = ("s", "en", "n")
_LONGEST = 60


def holds_persons(name: str) -> bool:
    """Whether a column of the name holds names or numbers of persons, or of what each person has one of."""
    words = words_of(name)
    return _says_so([part for word in words for part in _parts(word)]) or _says_so(_compound("".join(words)[:_LONGEST]))


def words_of(name: str) -> list[str]:
    """The words of a column's name, in small letters without accents: PatientID -> patient, id."""
    spelled = unicodedata.normalize("NFKD", name.translate(_SIGNS))
    bare = "".join(sign for sign in spelled if not unicodedata.combining(sign)).replace("IDs", "Ids")
    return [word.lower() for word in re.findall(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*", _SOURCE_VALUE.sub("id", bare))]


_SIGNS = {ord("\u00df"): "ss", ord("\u00b0"): "o", ord("\u00f8"): "o"}  # N° is No
_SOURCE_VALUE = re.compile("source_?value", re.IGNORECASE)  # of OMOP: the identifier in the tables it came from


def _says_so(words: Sequence[str]) -> bool:
    said = [word for word in words if word not in _BESIDE]
    if not _IDENTITIES.isdisjoint(said):
        return True
    if any(_is_pair(left, right) for left, right in pairwise(said)):
        return True
    return not _ALONE.isdisjoint(said) and set(said) <= _ALONE | _PERSONS | _NAMES


def _is_pair(left: str, right: str) -> bool:
    """Whether one of two words is a person, or what persons have, and the other its number or name.

    A number before several is none: ``number of cases``.
    """
    many = left in _COUNTS and (right[:-1] in _KNOWN or right == "children")
    return any((left in held and right in by) or (right in held and left in by and not many) for held, by in _PAIRS)


def _parts(word: str) -> Iterable[str]:
    """The words of a compound, if it is one of known words alone; else the word."""
    known = word in _KNOWN or word in _BESIDE or len(word) > _LONGEST
    return (word,) if known else _compound(word) or (word,)


@lru_cache(maxsize=4096)
def _compound(word: str) -> tuple[str, ...]:
    """Known words that stand one after the other, with the letters between them that German has; () for others."""
    for end in range(len(word), 1, -1):
        if word[:end] not in _IN_COMPOUNDS:
            continue
        if end == len(word):
            return (word,)
        for link in ("", *(_LINKS if end > 3 else ())):
            rest = _compound(word[end + len(link) :]) if word.startswith(link, end) else ()
            if rest:
                return (word[:end], *rest)
    return ()
