/** HTML that is safe to put on a page as it is. Only {@link html} and {@link trusted} make it. */
export class SafeHtml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = SafeHtml | string | number | null | undefined | false | readonly HtmlValue[];

/**
 * A template for HTML. Whatever is put into it is text and is escaped, also between quotes of an attribute; only
 * {@link SafeHtml} goes in as it is, and null, undefined and false are nothing. Never put a value into a `<style>`, an
 * unquoted attribute, or a URL: escaping does not cover those.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): SafeHtml {
  return new SafeHtml(parts.map((part, at) => (at === 0 ? part : render(values[at - 1]) + part)).join(''));
}

/** HTML that this program made itself (a chart, the style sheet). Never text that came from a run. */
export function trusted(text: string): SafeHtml {
  return new SafeHtml(text);
}

/**
 * Text as HTML text: `&`, `<`, `>` and both quotes become entities. Control characters are shown by their symbols or
 * numbers and so are the marks that turn the direction of writing, so that text cannot be made to look like other text;
 * lone surrogates become U+FFFD.
 */
export function escapeHtml(text: string): string {
  return visible(text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`));
}

/** Text without characters that act instead of being seen. Markup characters stay: see {@link escapeHtml}. */
export function visible(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Bidi_Control}]/gu, shown);
}

function shown(char: string): string {
  if (char === '\n' || char === '\t' || char === '\r') return char;
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

function render(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof SafeHtml) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}
