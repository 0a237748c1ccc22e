// The search among the kinds of a report, also without a line. It finds what `reports.intake.suggestions.found` finds, and what begins with
// the word that is being typed.

const LETTERS = {
  أ: "ا", إ: "ا", آ: "ا", ٱ: "ا", ى: "ي", ی: "ي", ئ: "ي", ة: "ه", ھ: "ه", ہ: "ه", ۀ: "ه", ە: "ه",
  ؤ: "و", ک: "ك", گ: "ك", پ: "ب", چ: "ج", ڤ: "ف", ژ: "ز", ٹ: "ت", ڈ: "د", ڑ: "ر",
};
const MARKS = /[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]/g;
const SILENT = /[\u0300-\u036f'’‘`´ʼʿʾء\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const PARTICLES = [["وال", 3], ["بال", 3], ["فال", 3], ["كال", 3], ["لل", 3], ["ال", 2], ["al", 4], ["el", 4]];

/** The words of a text, as `kernel.arabic.words` makes them. */
function words(text) {
  const folded = text.normalize("NFKC").replace(MARKS, "").replace(/[^\0-\u05ff]/g, (letter) => LETTERS[letter] ?? letter);
  const plain = folded.toLowerCase().normalize("NFKD").replace(SILENT, "");
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** A word without its article, and without the ending of a plural or of one thing. */
function stem(word) {
  const particle = PARTICLES.find(([start, least]) => word.startsWith(start) && word.length - start.length >= least)?.[0] ?? "";
  return word.slice(particle.length).replace(/^(...+?)(?:ات|ه|s)$/u, "$1");
}

/** The kinds that have any of the words of `text`; null where it has no word. */
export function fitting(kinds, text) {
  const said = words(text);
  const last = said.at(-1) ?? "";
  const stems = said.filter((word) => word.length > 2).map(stem);
  if (!last) return null;
  const begins = /\s$/.test(text) ? [] : [stem(last), last].filter((start) => start.length > 1);
  const has = (word) => stems.includes(word) || begins.some((start) => word.startsWith(start));
  return kinds.filter(({ dataset }) => dataset.words.split(" ").some(has));
}

/** Put what is said of the chosen kind under it; above the buttons where it is not shown. */
export function under(kind, said, buttons) {
  if (kind && !kind.closest("[hidden]")) kind.append(said);
  else buttons.before(said);
}
