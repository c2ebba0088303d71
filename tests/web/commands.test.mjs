import assert from "node:assert/strict";
import { test } from "node:test";
import { withCommands } from "../../server/web/ui/parts.js";

test("a command between backticks is shown as one, and the rest as it is", () => {
  const parts = withCommands("Type `heygem install blender`, then look again.");
  assert.deepEqual([parts[0], parts[2]], ["Type ", ", then look again."]);
  assert.equal(parts[1].type, "code");
  assert.equal(parts[1].props.children, "heygem install blender");
  assert.deepEqual(withCommands("Nothing to type."), ["Nothing to type."]);
});
