/** A file from the server to the person's disk. */

/**
 * A browser downloads by itself, from a signed address. Inside a panel the file is fetched with the bearer token first, since no link may carry
 * it.
 * @param {import("../client.js").Client} client @param {string} path under /api/v1 @param {string} name
 */
export async function save(client, path, name) {
  const link = document.createElement("a");
  link.download = name;
  if (client.who.token === null) {
    link.href = await client.api.addresses.get(path);
    link.click();
    return;
  }
  const url = URL.createObjectURL(await (await client.api.send("GET", path)).blob());
  link.href = url;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the webview has read it by then
}
