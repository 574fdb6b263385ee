import {
  Bool,
  Field as ArrowField,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Schema,
  Struct,
  Uint8,
  Utf8,
  type DataType,
} from 'apache-arrow';

export type Primitive = 'utf8' | 'bool' | 'uint8' | 'int32' | 'int64' | 'float32' | 'float64';
export type ColumnType = Primitive | { readonly list: ColumnType } | { readonly struct: readonly Column[] };

/** One column of a table, or one member of a struct. Every column may hold null. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** What the values mean, with units; shown in the dataset card. */
  readonly describe?: string;
  /** Few distinct values (a role, a family): stored with a dictionary. Off elsewhere, where it only costs. */
  readonly dictionary?: boolean;
}

/** A row: one value a column; an absent one is null. */
export type Row = Readonly<Record<string, unknown>>;

export function listOf(type: ColumnType): ColumnType {
  return { list: type };
}

/** The Arrow type of a column type; lists name their member `element`, as Parquet's specification does. */
export function arrowType(type: ColumnType): DataType {
  if (typeof type === 'string') return primitives[type]();
  if ('list' in type) return new List(new ArrowField('element', arrowType(type.list), true));
  return new Struct(type.struct.map(arrowField));
}

const primitives: Readonly<Record<Primitive, () => DataType>> = {
  utf8: () => new Utf8(),
  bool: () => new Bool(),
  uint8: () => new Uint8(),
  int32: () => new Int32(),
  int64: () => new Int64(),
  float32: () => new Float32(),
  float64: () => new Float64(),
};

export function arrowField(column: Column): ArrowField {
  return new ArrowField(column.name, arrowType(column.type), true);
}

export function arrowSchema(columns: readonly Column[]): Schema {
  return new Schema(columns.map(arrowField));
}

/** A type in words, for the dataset card: `list<struct<role: string, content: string>>`. */
export function typeName(type: ColumnType): string {
  if (typeof type === 'object') {
    if ('list' in type) return `list<${typeName(type.list)}>`;
    return `struct<${type.struct.map((member) => `${member.name}: ${typeName(member.type)}`).join(', ')}>`;
  }
  return type === 'utf8' ? 'string' : type;
}

/** Columns that ask for a dictionary. The encoder can be told of top-level columns alone, so members of lists have none. */
export function dictionaryColumns(columns: readonly Column[]): string[] {
  return columns.filter((column) => column.dictionary === true).map((column) => column.name);
}
