// The UXP side of the panel, as the type checker sees it: what its functions are given. Adobe's own types declare every call of it.

type Ppro = import("@adobe/premierepro").premierepro;
type Project = import("@adobe/premierepro").Project;
type Sequence = import("@adobe/premierepro").Sequence;
type Action = import("@adobe/premierepro").Action;
type ProjectItem = import("@adobe/premierepro").ProjectItem;
type FolderItem = import("@adobe/premierepro").FolderItem;
type ClipProjectItem = import("@adobe/premierepro").ClipProjectItem;
type VideoItem = import("@adobe/premierepro").VideoClipTrackItem;
type AudioItem = import("@adobe/premierepro").AudioClipTrackItem;
type VideoTrack = import("@adobe/premierepro").VideoTrack;
type AudioTrack = import("@adobe/premierepro").AudioTrack;
type ComponentChain = import("@adobe/premierepro").VideoComponentChain;
type ComponentParam = import("@adobe/premierepro").ComponentParam;
type TickTime = import("@adobe/premierepro").TickTime;
type Value = string | number | boolean | import("@adobe/premierepro").PointF | import("@adobe/premierepro").Color;

interface Message {
  code: string | null;
  params: object;
  message: string;
}
interface Found {
  item: VideoItem | AudioItem;
  track: number;
  id: string;
  start: string;
  end: string;
  inPoint: string;
  media: string;
}
interface Everything {
  video: Found[];
  audio: Found[];
}
interface Ends {
  video: number;
  audio: number;
}
interface Imported {
  item: ProjectItem;
  clip: ClipProjectItem;
}
interface Stretch {
  start: string;
  end: string;
}
interface Cut {
  first: string;
  last: string;
}
interface Part {
  media: Imported;
  kind: "video" | "audio";
  track?: number;
  part: Cut;
  at: Stretch;
  replaced?: string;
}
interface Spot extends Stretch {
  covered: Found | null;
  notices: Message[];
  ours?: number[];
}
interface ExportItem extends Stretch {
  id: string;
  file: string;
}
interface Order extends Stretch, Cut {
  file: string;
  project: string;
  sequence: string;
  clip: string | null;
  track: number;
  baked: boolean;
  disable: boolean;
  relink: boolean;
  mute: string;
  speech: (Stretch & Cut & { file: string }) | null;
  kind: string;
  presets: string[];
  items: ExportItem[];
  markers: { start: string; end: string; name: string; comment: string }[];
}
interface Span {
  from: bigint;
  to: bigint;
  shift: bigint;
}
interface Key {
  at: bigint;
  value: Value;
}
interface Change {
  param: ComponentParam;
  value: Value;
  written: boolean;
}
interface Described {
  project: string;
  id: string;
  timebase: string;
  video: { items: any[] }[];
  audio: { items: any[] }[];
}
declare function require(name: string): any;
declare var module: any;
