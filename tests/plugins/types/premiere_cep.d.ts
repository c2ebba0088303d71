// The ExtendScript side of the panel, as the type checker sees it: its own functions in $.heygem, and what Adobe's objects have though
// types-for-adobe does not say so. Each of those has its public source.

type Extract<T, U> = T extends U ? T : never;
type ReturnType<T> = T extends (...given: any) => infer R ? R : any;
interface Error {
  message: string;
  line: number;
  heygem: string;
  told: { code: string; params: object };
}
declare function isFinite(value: number): boolean;

// What no type declares -----------------------------------------------------------------------------------------------------------------

/** Undocumented. Arguments: premiere-pro-mcp `advanced.ts` (25.2), and four more public panels that agree. */
interface QE {
  project: { getActiveSequence(): QESequence; getVideoEffectByName(name: string): object };
}
/** Undocumented. An item has a name, a start and addVideoEffect: premiere-pro-mcp `effects.ts`, Adobe-CEP/Samples issue threads, and more public panels. */
interface QETrack {
  numItems: number;
  getItemAt(index: number): { name: string; start: Time; addVideoEffect(effect: object): any };
}
interface QESequence {
  getVideoTrackAt(index: number): QETrack;
  addTracks(
    video: number,
    videoIndex: number,
    audio: number,
    audioType?: number,
    audioIndex?: number,
    submix?: number,
    submixType?: number,
  ): void;
}
declare var qe: QE;

interface ProjectItem {
  /** ppro-scripting.docsforadobe.dev, ProjectItem. */
  isOffline(): boolean;
  /** The same page; types-for-adobe writes isMultiCamClip. */
  isMulticamClip(): boolean;
  /** The same page. */
  getFootageInterpretation(): { frameRate: number };
  /** The same page: `mediaType` may be given. */
  getInPoint(mediaType?: number): Time;
}
interface MarkerCollection {
  /** ppro-scripting.docsforadobe.dev, MarkerCollection: the time alone. */
  createMarker(start: number): Marker;
}
interface ComponentParam {
  /** ppro-scripting.docsforadobe.dev, ComponentParam: keyframes are added and values read at a time; keys are times. */
  addKey(time: Time): boolean;
  getValueAtTime(time: Time): any;
  getKeys(): any;
}
interface Array<T> {
  sort(): T[];
}

// The panel's own -----------------------------------------------------------------------------------------------------------------------

interface Message {
  code: string | null;
  params: object;
  message: string;
}
interface Part {
  file: string;
  start: string;
  end: string;
  first: string;
  last: string;
}
interface ExportItem {
  id: string;
  start: string;
  end: string;
  file: string;
}
interface Order extends Part {
  project: string;
  sequence: string;
  clip: string | null;
  track: number;
  baked: boolean;
  disable: boolean;
  relink: boolean;
  mute: string;
  speech: Part | null;
  kind: string;
  presets: string[];
  items: ExportItem[];
  markers: { start: string; end: string; name: string; comment: string }[];
  extension: string;
}
interface Spot {
  covered?: TrackItem;
  start: string;
  end: string;
  notices: Message[];
}
interface Span {
  from: number;
  to: number;
  shift: number;
  retimed: boolean;
}
interface Placed {
  item: TrackItem;
  track: number;
}
interface Remembered {
  inPoint: number | null;
  outPoint: number | null;
  playhead: string | null;
  selected: string[];
}
interface TrackPicture {
  id: string;
  clips: string;
}

interface HeyGem {
  TICKS_PER_SECOND: number;
  TAKES: string;
  SPEECH: string;
  sentences: { [code: string]: string };
  sentence(code: string, params: { [name: string]: any }): string;
  tell(code: string, params?: object): Message;
  plain(message: string): Message;
  toldBy(problem: Error): Message;
  fail(kind: string, code: string, params?: object): never;
  isArray(value: any): boolean;
  toText(value: any): string;
  tried<T>(read: () => T, otherwise: T): T;
  tried<T, U>(read: () => T, otherwise: U): T | U;
  list<T>(collection: Collection<T> | null): T[];
  contains<T>(values: T[], value: T): boolean;
  time(ticks: string): Time;
  isOn(value: any): boolean;

  call(name: string, order: Order): string;
  about(): object;
  described(): object | null;
  stayLoaded(order: Order): object;
  place(order: Order): object;
  switchTake(order: Order): object;
  mark(order: Order): object;
  reveal(order: Order): object;
  exportItems(order: Order): object;

  project(wanted: string | null): Project;
  sequence(project: Project, wanted: string): Sequence;
  isAdjustment(item: TrackItem): boolean;
  describedItem(item: TrackItem, isSelected: boolean): object;
  pathOf(media: ProjectItem | null): string | null;
  linkedIds(item: TrackItem): string[];
  selectedIds(sequence: Sequence): string[];
  allItems(tracks: TrackCollection): Placed[];
  findItem(tracks: TrackCollection, id: string): Placed | null;
  samePath(one: string | null, other: string | null): boolean;
  childrenOf(bin: ProjectItem): ProjectItem[];
  binOfTakes(project: Project): ProjectItem | null;
  binOfToday(project: Project, sequence: Sequence): ProjectItem;
  isBin(item: ProjectItem): boolean;
  effectsOf(item: TrackItem): Message[];
  copyAttributes(source: TrackItem, target: TrackItem, track: number): Message[];
  addEffect(item: TrackItem, track: number, name: string): void;
  enableQE(): void;
  imported(project: Project, sequence: Sequence, path: string): ProjectItem;
  hasSound(media: ProjectItem): boolean | null;
  placed(sequence: Sequence, file: string): Placed | null;
  muteOld(sequence: Sequence, covered: TrackItem | null, how: string): Message[];
  asItWas<T>(project: Project, work: () => T, touched?: Sequence): T;
  freeTrack(tracks: TrackCollection, name: string, above: number, start: string, end: string): number;
  covered(track: Track, start: string, end: string): TrackItem[];
  newTrack(sequence: Sequence, kind: string, above: number): number;
  trackFor(sequence: Sequence, kind: string, above: number, start: string, end: string): number;
  clipsPicture(tracks: TrackCollection, without: string[]): string;
}
interface Collection<T> {
  numItems?: number;
  numTracks?: number;
  numSequences?: number;
  length?: number;
  [index: number]: T;
}
interface $ {
  heygem: HeyGem;
  evalFile(path: string): any;
}
