import type { AnyJobDefinition, PayloadOf, ResultsOf, TaskInputsOf } from "../definition/jobDefinition.ts";
import type { TaskContext, TransactionContext } from "../definition/taskContext.ts";

type IsAny<T> = 0 extends 1 & T ? true : false;

type IsSingle<Input> = IsAny<Input> extends true ? false : [Input] extends [undefined] ? true : false;

// The union has no alias of its own, so that the compiler writes it out in its message about a wrong key.
/**
 * The keys of a definition's tasks: `validate`, `upload[2]`, or `upload` for all tasks of that forEach. Any text for a
 * definition whose type is not known.
 */
export type TaskKeyOf<Definition extends AnyJobDefinition> =
  unknown extends TaskInputsOf<Definition>
    ? string
    : {
        [Key in keyof TaskInputsOf<Definition> & string]: IsSingle<TaskInputsOf<Definition>[Key]> extends true
          ? Key
          : Key | `${Key}[${number}]`;
      }[keyof TaskInputsOf<Definition> & string];

type AnyContext = TaskContext<unknown, unknown, Record<string, unknown>> & Partial<TransactionContext>;

type Awaitable<Value> = Value | Promise<Value>;

type StoredResult<Results, Key, Input> = Key extends keyof Results
  ? IsSingle<Input> extends true
    ? Results[Key]
    : Results[Key] extends readonly (infer Element)[]
      ? Element
      : never
  : never;

/** A handler without a result may return nothing in its stead too. */
type ReturnOf<Stored> = null extends Stored ? Stored | undefined : Stored;

/** Handlers that stand in for a definition's own, by key; results as they would be stored, that is as JSON. */
export type StandInHandlers<Definition extends AnyJobDefinition> =
  unknown extends TaskInputsOf<Definition>
    ? Readonly<Record<string, (context: AnyContext) => unknown>>
    : {
        readonly [Key in keyof TaskInputsOf<Definition>]?: (
          context: TaskContext<PayloadOf<Definition>, TaskInputsOf<Definition>[Key], ResultsOf<Definition>> &
            Partial<TransactionContext>,
        ) => Awaitable<ReturnOf<StoredResult<ResultsOf<Definition>, Key, TaskInputsOf<Definition>[Key]>>>;
      };
