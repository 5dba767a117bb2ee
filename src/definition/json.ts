/** Any value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

type AnyFunction = (...args: never[]) => unknown;
type IsAny<T> = 0 extends 1 & T ? true : false;

/** Objects whose content is in no own property, so that `JSON.stringify` makes `{}` of them. */
type EmptyInJson =
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | Promise<unknown>
  | RegExp
  | Error;

/** What `JSON.stringify` leaves out of an object and makes `null` in an array. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- a handler that returns nothing has the result type void.
type Unwritable = undefined | void | AnyFunction | symbol;

type WhenWritten<Key, Value> = [Extract<Value, Unwritable>] extends [never] ? Exclude<Key, symbol> : never;
type WhenSometimesWritten<Key, Value> = [Exclude<Value, Unwritable>] extends [never]
  ? never
  : Exclude<Key, symbol | WhenWritten<Key, Value>>;

// What is either written or left out, such as `string | undefined`, becomes an optional property.
type AsJsonObject<T> = Simplify<
  { [K in keyof T as WhenWritten<K, T[K]>]: AsJson<T[K]> } & {
    [K in keyof T as WhenSometimesWritten<K, T[K]>]?: AsJson<Exclude<T[K], Unwritable>>;
  }
>;

type Simplify<T> = { [K in keyof T]: T[K] };

/**
 * `T` as a later task gets it: written as JSON and read back. `Date` becomes `string`, `toJSON` is honoured, `undefined` is
 * `null` (as a property: left out), functions and symbols are left out, `bigint` is `never`. `any` stays `any`: whoever
 * returns it has opted out of the check. Class instances are taken by their public members; JSON keeps only own properties.
 */
export type AsJson<T> =
  IsAny<T> extends true
    ? T
    : JsonValue extends T
      ? JsonValue
      : T extends JsonValue
        ? T
        : T extends { toJSON: (...args: never[]) => infer Written }
          ? AsJson<Written>
          : T extends Unwritable
            ? null
            : T extends bigint
              ? never
              : T extends readonly unknown[]
                ? { -readonly [I in keyof T]: AsJson<T[I]> }
                : T extends EmptyInJson
                  ? Record<string, never>
                  : T extends ArrayBufferView
                    ? Record<string, number>
                    : T extends object
                      ? AsJsonObject<T>
                      : never;

/** `unknown` if JSON can hold `T` itself, else a text that shows in the compiler's message. */
export type RefuseUnstorable<T> =
  IsAny<T> extends true
    ? unknown
    : [Extract<T, bigint | symbol | AnyFunction>] extends [never]
      ? unknown
      : "A result is stored as JSON, which holds no bigint, symbol or function.";
