/** earshot.d.ts says what the JSDoc of earshot.js says, both ways. */

import * as written from "../written.js";     // earshot.js itself
import * as declared from "./declared.js";    // earshot.d.ts

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
    (<T>() => T extends B ? 1 : 2) ? true : false;

/** The names of those that are not the same; so there may be none. */
type Different<A, B> = { [Name in keyof A | keyof B]:
    Name extends keyof A & keyof B
        ? Same<Pick<A, Name>, Pick<B, Name>> extends true ? never : Name
        : Name }[keyof A | keyof B];
type None<T extends never> = T;

/** Without the private fields, which no other type can have. */
type Public<T> = { [Name in keyof T]: T[Name] };

type Written = Public<ReturnType<typeof written.earshot>>;
type Declared = Public<ReturnType<typeof declared.earshot>>;
export type Rooms = None<Different<Written, Declared>>;

type WrittenCall = Parameters<typeof written.earshot>;
type DeclaredCall = Parameters<typeof declared.earshot>;
export type Urls = None<Different<[WrittenCall[0]], [DeclaredCall[0]]>>;

type Plain<T> = Public<NonNullable<T>>;
export type Options = None<Different<Plain<WrittenCall[1]>,
    Plain<DeclaredCall[1]>>>;

export type Names = None<Exclude<keyof typeof written, keyof typeof declared>
    | Exclude<keyof typeof declared, keyof typeof written>>;
