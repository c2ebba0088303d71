/** Files that are dropped: on one zone, or anywhere on the window; folders are looked through. */

import { useEffect, useRef, useState } from "../ui/html.js";

const MOST_FILES = 500; // of dropped folders

/**
 * The files of a drop, those in dropped folders too.
 * @param {DataTransfer | null} data
 * @returns {Promise<File[]>}
 */
export async function filesOf(data) {
  const plain = [...(data?.files ?? [])];
  const entries = [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null); // before the first wait: then they are gone
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  /** @type {File[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found;
}

/** @param {FileSystemEntry} entry @param {File[]} found */
async function collect(entry, found) {
  if (found.length >= MOST_FILES || entry.name.startsWith(".")) return;
  if (entry.isFile)
    return void found.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)));
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // at most a hundred at a time
    if (!some.length) return;
    for (const one of some.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) await collect(one, found);
  }
}

/**
 * The whole window takes files; a zone that took them first says so by `preventDefault`.
 * @param {(files: File[]) => void} onFiles
 * @returns {boolean} whether files are held over the window
 */
export function useWindowDrop(onFiles) {
  const [over, setOver] = useState(false);
  const newest = useRef(onFiles);
  newest.current = onFiles;
  useEffect(() => {
    let inside = 0; // each element that the pointer enters tells, and each that it leaves
    const carries = (/** @type {DragEvent} */ event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const enter = (/** @type {DragEvent} */ event) => {
      if (carries(event) && ++inside === 1) setOver(true);
    };
    const leave = (/** @type {DragEvent} */ event) => {
      if (carries(event) && --inside <= 0) end();
    };
    const hold = (/** @type {DragEvent} */ event) => carries(event) && event.preventDefault();
    const end = () => {
      inside = 0;
      setOver(false);
    };
    const drop = (/** @type {DragEvent} */ event) => {
      if (event.defaultPrevented || !carries(event)) return;
      event.preventDefault();
      void filesOf(event.dataTransfer).then((files) => newest.current(files));
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", hold);
    window.addEventListener("drop", end, true);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", hold);
      window.removeEventListener("drop", end, true);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return over;
}
