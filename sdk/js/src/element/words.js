// Numbers and words of <kudos-like>, in the reader's language as far as Intl knows it. A page that speaks another language replaces `words`.

/** What the element says. `{n}` is the whole number. */
export const words = {
  label: "Like",
  count: "{label}, {n}",
  refused: "Not saved",
  unauthorized: "Waits for a new sign-in",
  already: "Counted before",
  elsewhere: "Taken back on another device",
  others: "Some took theirs back",
};

/** 999, 1.2K, 12.3K, 123K, as the server's display forms: cut off, never rounded up. */
export function short(count, locale) {
  const maximumFractionDigits = count < 1000 || `${count}`.length % 3 === 0 ? 0 : 1;
  const step = count < 1000 ? 1 : 10 ** (3 * Math.floor((`${count}`.length - 1) / 3) - maximumFractionDigits);
  return new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits }).format(Math.floor(count / step) * step);
}

/** What a screen reader says of the button. */
export function spoken(count, label, locale) {
  if (count === null) return label;
  return words.count.replace("{label}", label).replace("{n}", new Intl.NumberFormat(locale).format(count));
}
