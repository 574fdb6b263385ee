import type { Estimate, Spread } from './data.ts';

/** A number for people: thousands apart, three digits after the point at most. */
export function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** `0.75 [0.64, 0.85]`; a dash where there is nothing. */
export function estimate(of: Estimate): string {
  return of === null ? '–' : `${of.mean.toFixed(2)} ${interval(of)}`;
}

export function interval(of: NonNullable<Estimate>): string {
  return `[${of.low.toFixed(2)}, ${of.high.toFixed(2)}]`;
}

/** The mean of a spread: one digit after the point where it is small. */
export function mean(of: Spread): string {
  if (of === null) return '–';
  return of.mean < 100 ? of.mean.toFixed(1) : number(Math.round(of.mean));
}

export function dollars(of: { readonly total: number; readonly priced: number }): string {
  if (of.priced === 0) return 'not known';
  if (of.total === 0) return '$0';
  return `$${of.total < 1 ? of.total.toPrecision(2) : of.total.toFixed(2)}`;
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}
