// Taken by helper H: being written.
import { test } from "vitest";

test.todo("violations");
