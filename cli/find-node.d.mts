export const neededMajor: number;
export const fix: string;
export function isNewEnough(version?: string): boolean;
export function findNode(): string | null;
