// Made by web-tools/wire_types.py from the structs of the core and the server: do not edit.

/** Numerator and denominator, "24000/1001". */
export type Fraction = string;

export type Stage = "probe" | "track" | "speech" | "generate" | "plan" | "render" | "measure" | "finish";

export type Scope = "admin" | "page" | "host";

export type Pairing = "each" | "in-order";

export type JobState = "queued" | "active" | "paused" | "completed" | "failed" | "canceled";

export type ShotState = "queued" | "planning" | "rendering" | "joining" | "done" | "failed" | "canceled";

export type SegmentState = "queued" | "running" | "done" | "failed" | "canceled";

export type FileKind = "folder" | "video" | "sound" | "still" | "timeline" | "other";

export type RoomName = "takes" | "trash" | "uploads" | "remade" | "cache";

export type EventKind = "job.added" | "job.changed" | "job.deleted" | "shot.changed" | "take.added" | "take.changed" | "take.deleted" | "server.changed";

export type MethodName = "host.selection" | "host.export" | "host.place" | "host.switchTake" | "host.reveal" | "host.markers";

export type Fit = "none" | "trim" | "hold" | "loop";

export type TakeKind = "full" | "patch";

export type Sound = "speech" | "source" | "both" | "none";

export type DeviceName = "auto" | "cpu" | "cuda" | "mps";

export interface MediaRef {
  path?: string | null;
  upload?: string | null;
}

export interface Laying {
  mode?: "relink" | "take" | "track";
  mute?: "clip" | "none" | "track";
  disable_original?: boolean;
}

export interface Placement {
  project: string;
  sequence: string;
  clip?: string | null;
  track: number;
  record_start: number;
  record_duration: number;
  rate: Fraction;
  handles?: number;
  laying?: Laying;
  baked?: boolean;
  brings_speech?: boolean;
}

export interface Origin {
  kind?: "api" | "cli" | "host" | "page";
  host?: string | null;
  project?: string | null;
}

export interface ShotRequest {
  video: MediaRef;
  speech: MediaRef;
  name?: string | null;
  start?: number;
  end_exclusive?: number | null;
  speech_start?: Fraction;
  speech_end?: Fraction | null;
  speech_channels?: Array<number>;
  source_channels?: Array<number>;
  speed?: Fraction;
  shows?: Array<number>;
  keep?: Array<[number, number]>;
  face?: number | null;
  placement?: Placement | null;
  settings?: RenderSettings | null;
}

export interface RenderSettings {
  engine?: string;
  tracker?: string;
  device?: DeviceName;
  fit?: Fit;
  offset_ms?: number;
  intensity?: number;
  motion?: string;
  speech_encoder?: string | null;
  adaptation?: boolean;
  style_from?: string | null;
  occlusion?: boolean;
  holdout?: string | null;
  format?: string | null;
  kind?: TakeKind;
  deinterlace?: boolean;
  sound?: Sound;
  label_synthetic?: boolean;
  sign_with?: [string, string] | null;
}

export interface Batch {
  videos: Array<MediaRef>;
  speeches: Array<MediaRef>;
  pairing?: Pairing;
}

export interface JobRequest {
  shots?: Array<ShotRequest>;
  batch?: Batch | null;
  settings?: RenderSettings;
  name?: string | null;
  folder?: string | null;
  priority?: number;
  origin?: Origin;
  timeline?: string | null;
}

export interface Reused {
  tracks: boolean;
  speech: boolean;
  plan: boolean;
  segments: number;
}

export interface AttemptView {
  number: number;
  task: "join" | "plan" | "segment";
  segment: number | null;
  started: number;
  ended: number | null;
  outcome: "canceled" | "crashed" | "done" | "failed" | "killed" | "lost" | "memory" | "running" | "timeout";
  slot: string | null;
  reason: string | null;
  reason_message: Message | null;
}

export interface Message {
  code: string | null;
  params: Record<string, any>;
  message: string;
}

export interface SegmentView {
  position: number;
  start: number;
  end_exclusive: number;
  state: SegmentState;
  reused: boolean;
}

export interface WeakRange {
  start: number;
  end_exclusive: number;
  reason: string;
  reason_message: Message | null;
}

export interface Placed {
  host: string;
  placement: Placement;
  at: number;
}

export interface TakeView {
  id: string;
  job: string;
  shot: string;
  version: number;
  name: string;
  path: string;
  size_bytes: number;
  sha256: string;
  frames: number;
  rate: Fraction | null;
  width: number;
  height: number;
  start_timecode: string | null;
  format: string;
  created: number;
  settings: RenderSettings;
  source: MediaRef | null;
  pinned: boolean;
  placed: Array<Placed>;
  weak: Array<WeakRange>;
  notices: Array<string>;
  notice_messages: Array<Message>;
  missing: boolean;
}

export interface ShotView {
  id: string;
  job: string;
  position: number;
  name: string;
  state: ShotState;
  why: string | null;
  why_message: Message | null;
  stage: Stage | null;
  frames_done: number;
  frames_total: number | null;
  fps: number | null;
  eta_s: number | null;
  request: ShotRequest;
  reused: Reused;
  attempts: Array<AttemptView>;
  segments: Array<SegmentView>;
  takes: Array<TakeView>;
}

export interface JobView {
  id: string;
  name: string;
  state: JobState;
  why: string | null;
  why_message: Message | null;
  priority: number;
  place: number;
  created: number;
  updated: number;
  origin: Origin;
  folder: string;
  timeline: string | null;
  settings: RenderSettings;
  shots_total: number;
  shots_done: number;
  shots_failed: number;
  frames_done: number;
  frames_total: number | null;
  fps: number | null;
  eta_s: number | null;
}

export interface JobDetail {
  job: JobView;
  shots: Array<ShotView>;
  next: number | null;
}

export interface JobPage {
  jobs: Array<JobView>;
  next: string | null;
}

export interface TakePage {
  takes: Array<TakeView>;
  next: string | null;
  posters: Addresses | null;
}

export interface Addresses {
  addresses: Array<string>;
  life_s: number;
}

export interface TrashedTake {
  take: TakeView;
  deleted: number;
  goes: number | null;
}

export interface TrashView {
  takes: Array<TrashedTake>;
}

export interface TrashEmptied {
  takes: number;
  freed_bytes: number;
}

export interface Deletion {
  job: string;
  files: Array<string>;
  size_bytes: number;
  kept: Array<string>;
}

export interface PriorityRequest {
  priority: number;
}

export interface QueueMove {
  job: string;
  before: string | null;
}

export interface Estimate {
  seconds: number | null;
  frames: number | null;
  disk_bytes: number | null;
}

export interface UploadView {
  id: string;
  name: string;
  size_bytes: number;
  sha256: string;
  created: number;
}

export interface FileEntry {
  name: string;
  path: string;
  kind: FileKind;
  size_bytes: number | null;
  modified: number | null;
}

export interface Folder {
  path: string | null;
  parent: string | null;
  entries: Array<FileEntry>;
}

export interface ProxyMade {
  id: string;
}

export interface RootRequest {
  folder: string;
}

export interface DeliverableInfo {
  name: string;
  title: string;
  suffixes: Array<string>;
  alpha: boolean;
}

export interface TimelineFormatInfo {
  name: string;
  title: string;
  suffixes: Array<string>;
  media_type: string;
  reads: boolean;
  writes: boolean;
}

export interface Room {
  name: RoomName;
  count: number;
  bytes: number;
}

export interface VoteRequest {
  first: string;
  second: string;
  choice: "first" | "same" | "second";
  voter?: string;
}

export interface Tally {
  first: number;
  second: number;
  same: number;
}

export interface RoomRequest {
  name: "cache" | "remade" | "trash" | "uploads";
}

export interface Cleaned {
  freed_bytes: number;
}

export interface AllowedFolder {
  path: string;
  given: boolean;
}

export interface ServerStanding {
  version: string;
  system: string;
  devices: Array<string>;
  executor: string;
  workers: number;
  settings_file: string;
  data_folder: string;
  takes_folder: string;
  cache_folder: string;
  folders: Array<AllowedFolder>;
  rooms: Array<Room>;
  free_bytes: number;
  keep_days: number | null;
  keep_bytes: number | null;
  trash_days: number | null;
}

export interface Preset {
  name: string;
  settings: RenderSettings;
}

export interface PresetName {
  name: string;
}

export interface EditorInfo {
  name: string;
  title: string;
  short_title: string;
  capabilities: Array<string>;
  settings: Record<string, any>;
  laying: Laying;
}

export interface SlotView {
  name: string;
  kind: string;
  title: string;
  memory_bytes: number | null;
  task: "join" | "plan" | "segment" | null;
  job: string | null;
  shot: string | null;
  segment: number | null;
}

export interface NodeView {
  name: string;
  address: string;
  state: "aside" | "joining" | "ready" | "refused";
  reason: Message | null;
  slots: number;
}

export interface Info {
  version: string;
  epoch: string;
  formats: Array<string>;
  deliverables: Array<DeliverableInfo>;
  timeline_formats: Array<TimelineFormatInfo>;
  engines: Array<string>;
  trackers: Array<string>;
  devices: Array<string>;
  roots: Array<string>;
  file_kinds: Record<string, FileKind>;
  takes_folder: string;
  largest_upload_bytes: number;
  free_bytes: number;
  workers: number;
  executor: string;
  executors: Array<string>;
  nodes: Array<NodeView>;
  farm_trouble: Message | null;
  slots: Array<SlotView>;
  editors: Array<EditorInfo>;
  scope: Scope;
}

export interface ModelFetch {
  step: "checking" | "converting" | "downloading" | "failed" | "waiting";
  done: number;
  total: number | null;
  problem: Message | null;
}

export interface ModelView {
  standing: Standing;
  fetch: ModelFetch | null;
}

export interface Standing {
  id: string;
  title: string;
  used_by: Array<string>;
  installed: boolean;
  ours: boolean;
  path: string | null;
  size: number | null;
  known: boolean | null;
  fetchable: boolean;
  licence: string;
  licence_url: string;
  terms: Message;
  commercial: boolean;
  ask: boolean;
  memory: number;
  fits: boolean | null;
  command: string;
}

export interface ModelsView {
  models: Array<ModelView>;
  folder: string;
  may_change: boolean;
}

export interface ModelFetchRequest {
  accept_licence: boolean;
}

export interface ServerFile {
  url: string;
  port: number;
  pid: number;
  token: string;
  version: string;
  certificate: string | null;
}

export interface ProofRequest {
  nonce: string;
  grant?: string | null;
}

export interface Proof {
  hmac: string;
}

export interface SignIn {
  code: string;
}

export interface SignedIn {
  scope: Scope;
  csrf: string;
}

export interface AddressesRequest {
  paths: Array<string>;
}

export interface TokenRequest {
  scope: "host" | "page";
  host?: string | null;
  project?: string | null;
}

export interface Token {
  token: string;
  scope: Scope;
}

export interface Problem {
  error: string;
  message: string;
  code: string | null;
  params: Record<string, any>;
}

export interface HostHello {
  id: string;
  app: string;
  version: string;
  project: string;
  project_name: string;
  capabilities?: Array<string>;
}

export interface Prove {
  type: "prove";
  nonce: string;
  grant?: string | null;
}

export interface Hello {
  type: "hello";
  token?: string | null;
  csrf?: string | null;
  since?: number | null;
  epoch?: string | null;
  previews?: boolean;
  logs?: Array<string>;
  host?: HostHello | null;
}

export interface Follow {
  type: "follow";
  previews?: boolean;
  logs?: Array<string>;
}

export interface Proven {
  type: "proven";
  hmac: string;
}

export interface Welcome {
  type: "welcome";
  epoch: string;
  seq: number;
  scope: Scope;
}

export interface Happened {
  type: "event";
  seq: number;
  at: number;
  kind: EventKind;
  job: JobView | null;
  shot: ShotView | null;
  take: TakeView | null;
  id: string | null;
  message: string | null;
  code: string | null;
  params: Record<string, any>;
}

export interface Snapshot {
  type: "snapshot";
  epoch: string;
  seq: number;
  jobs: Array<JobView>;
}

export interface ProgressNow {
  type: "progress";
  job: string;
  shot: string;
  stage: Stage;
  frames_done: number;
  frames_total: number | null;
  fps: number | null;
  eta_s: number | null;
  job_frames_done: number;
  job_frames_total: number | null;
  job_eta_s: number | null;
}

export interface LogLine {
  type: "log";
  job: string;
  shot: string | null;
  at: number;
  level: "error" | "info" | "warning";
  message: string;
  code: string | null;
  params: Record<string, any>;
  number: number;
}

export interface HostView {
  id: string;
  app: string;
  version: string;
  project: string;
  project_name: string;
  capabilities: Array<string>;
  since: number;
}

export interface EditorStanding {
  name: string;
  title: string;
  what: string;
  state: string;
  found: Array<string>;
  command: string;
  next_step: string | null;
  why: Message | null;
  connected: Array<HostView>;
}

export interface HostsChanged {
  type: "hosts";
  hosts: Array<HostView>;
}

export interface ConsentWanted {
  type: "consent";
  folder: string;
  wanted_by: string;
  wanted_by_message: Message | null;
}

export interface Refused {
  type: "refused";
  error: string;
  message: string;
  code: string | null;
  params: Record<string, any>;
}

export interface PreviewHeader {
  job: string;
  shot: string;
  frame: number;
  width: number;
  height: number;
}

export interface HostCall {
  method: MethodName;
  params?: Record<string, any>;
  timeout_s?: number;
}

export interface SequenceInfo {
  id: string;
  name: string;
  rate: Fraction;
  start_frame: number;
  drop_frame: boolean;
}

export interface SelectedItem {
  id: string;
  name: string;
  kind: "picture" | "sound";
  placement: Placement;
  path: string | null;
  needs_host_export: string | null;
  needs_host_export_message: Message | null;
  cannot_copy: Array<string>;
  cannot_copy_messages: Array<Message>;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface Caption {
  record_start: number;
  record_duration: number;
  text: string;
}

export interface SelectionResult {
  sequence: SequenceInfo | null;
  items: Array<SelectedItem>;
  document: Record<string, any> | null;
  found_by: "colour" | "marks" | "playhead" | "selection" | null;
  captions: Array<Caption>;
  marks: [number, number] | null;
}

export interface ExportRequest {
  items: Array<string>;
  kind?: "picture" | "sound";
  handles?: number;
}

export interface ExportParams {
  items: Array<string>;
  kind: "picture" | "sound";
  folder: string;
  handles?: number;
}

export interface ExportedItem {
  item: string;
  path: string | null;
  problem: string | null;
  problem_message: Message | null;
  handles: number | null;
}

export interface ExportResult {
  exported: Array<ExportedItem>;
  blocked_ms: number;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface ExportView {
  id: string;
  exported: Array<ExportedItem>;
  blocked_ms: number;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface PlaceParams {
  take: string;
  file: string;
  name: string;
  placement: Placement;
  handles?: number;
  frames: number;
  speech?: string | null;
  speech_start?: Fraction | null;
}

export interface PlaceResult {
  take: string;
  already: boolean;
  track: number;
  record_start: number;
  record_duration: number;
  not_copied: Array<string>;
  not_copied_messages: Array<Message>;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface RevealParams {
  placement: Placement;
}

export interface Marker {
  record_start: number;
  record_duration: number;
  name: string;
  comment?: string;
}

export interface MarkersParams {
  placement: Placement;
  markers: Array<Marker>;
}

export interface MarkersResult {
  added: number;
  already: number;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface Spoken {
  name: string;
  tag: string;
  title: string;
  between: string;
}

export interface Probed {
  answer: "probed";
  kind: string;
  width: number | null;
  height: number | null;
  rate: Fraction | null;
  frames: number | null;
  duration_s: number | null;
  start_timecode: string | null;
  codec: string | null;
  bit_depth: number | null;
  colour: string | null;
  sound_channels: number | null;
  sound_rate: number | null;
  sound_streams: Array<number>;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface FaceFound {
  number: number;
  frame: number;
  box: [number, number, number, number];
  usable_share: number;
}

export interface FacesFound {
  answer: "faces-found";
  faces: Array<FaceFound>;
  width: number;
  height: number;
}

export interface Waveform {
  answer: "waveform-found";
  duration_s: number;
  peaks: Array<number>;
}

export interface TakeReport {
  take: string;
  plan: PlanFacts;
  start: number;
  end_exclusive: number;
  passed_through: Record<string, Array<[number, number]>>;
  wanted_opening: Array<number | null>;
  wanted_width: Array<number | null>;
  wanted_gap: Array<number | null> | null;
  device: string | null;
  planning_s: number | null;
  rendering_s: number | null;
  reason_codes: Record<string, string>;
  remarks: Array<string>;
  remark_messages: Array<Message>;
  covered: Array<[number, number]>;
  quality: Quality | null;
  weak: Array<[number, number, string]> | null;
  version: number;
}

export interface PlanFacts {
  key: string;
  shot: Shot;
  settings: RenderSettings;
  duration: Fraction;
  frames: number;
  drawn_mouth: boolean;
  face: number;
  faces: string;
  face_messages: Array<Message>;
  head: string;
  manner: string;
  answer: LipCalibration | null;
  notices: Array<string>;
  notice_messages: Array<Message>;
  version: number;
}

export interface Shot {
  video: string;
  speech: string;
  start: number;
  end_exclusive: number | null;
  speech_start: Fraction;
  speech_end: Fraction | null;
  speech_channels: Array<number>;
  source_channels: Array<number>;
  speed: Fraction;
  shows: Array<number>;
  keep: Array<[number, number]>;
  face: number | null;
}

export interface LipCalibration {
  across: number;
  down: number;
}

export interface Quality {
  frames: number;
  measured_frames: number;
  opening: CurveMatch | null;
  width: CurveMatch | null;
  point_error: number | null;
  sharpness: number | null;
  flicker: number | null;
  rim: number | null;
  teeth: number | null;
  closures: Closures | null;
  real_opening: CurveMatch | null;
  real_closures: Closures | null;
  landmark_distance: number | null;
  trace: Trace | null;
  likeness: Likeness | null;
  own_speech: OwnSpeech | null;
  syncnet: SyncScore | null;
}

export interface CurveMatch {
  r: number | null;
  r_best: number | null;
  lag_ms: number | null;
  amplitude: number | null;
}

export interface Closures {
  threshold: number;
  wanted: number;
  recall: number | null;
  shown: number;
  precision: number | null;
}

export interface Trace {
  r: number | null;
  chance: number | null;
  size: number | null;
  opening_sd: number;
  opening_range: number;
}

export interface Likeness {
  frames: number;
  psnr: number | null;
  ssim: number | null;
  seam: number | null;
  ring_delta_e: number | null;
  touched_outside: number | null;
}

export interface OwnSpeech {
  frames: number;
  opening: CurveMatch;
  chance: number | null;
  closures: Closures;
}

export interface SyncScore {
  lse_c: number;
  lse_d: number;
  offset_ms: number;
  windows: number;
}

export interface TimelineRequest {
  document?: Record<string, any> | null;
  upload?: string | null;
  path?: string | null;
  name?: string | null;
  format?: string | null;
  rate?: Fraction | null;
  selection?: Selection;
  speech?: MediaRef | null;
  cues?: CueSheetRequest | null;
  laying?: Laying;
  exports?: Array<string>;
  settings?: RenderSettings;
  folder?: string | null;
  priority?: number;
  origin?: Origin;
  dry_run?: boolean;
}

export interface Selection {
  ids?: Array<string>;
  tracks?: Array<string>;
  speech_tracks?: Array<string>;
  ranges?: Array<[number, number]>;
  markers?: string | null;
  speech?: string | null;
  speech_from?: "clip" | "timeline";
  speech_channels?: Array<number>;
  faces?: Record<string, number>;
  handles?: number;
  project?: string;
  sequence?: string | null;
}

export interface CueSheetRequest {
  sheet: MediaRef;
  folder?: string | null;
  recordings?: Array<string>;
  cast?: MediaRef | null;
  faces?: Record<string, number>;
  music_effects?: Array<string>;
}

export interface TimelineAnswer {
  id: string | null;
  conformed: Conformed;
  job: JobDetail | null;
}

export interface Conformed {
  event: "conformed";
  sequence: Sequence;
  shots: Array<TimelineShot>;
  skipped: Array<Skipped>;
  cues: Array<Cue>;
  notices: Array<string>;
  notice_messages: Array<Message>;
}

export interface Sequence {
  name: string;
  rate: Fraction;
  start_frame: number;
  drop_frame: boolean;
}

export interface TimelineShot {
  clip: string;
  key: string;
  where: Array<number>;
  timecode_in: string;
  timecode_out: string;
  placement: Placement;
  shot: Shot | null;
  mix: Array<SpeechPiece>;
  pictures: Pictures | null;
  take_seconds: Fraction | null;
  take_rate: Fraction | null;
  handles_before: number;
  handles_after: number;
  offset_s: Fraction;
  source_start_s: Fraction;
  start_timecode: string | null;
  media_frames: number | null;
  covers_part: boolean;
  not_a_reference: string | null;
  not_above: string | null;
  versions: Array<string>;
  notices: Array<string>;
  notice_messages: Array<Message>;
  needs_host_export: string | null;
  needs_host_export_message: Message | null;
  not_above_message: Message | null;
  error: string | null;
  error_message: Message | null;
}

export interface SpeechPiece {
  path: string;
  start_s: Fraction;
  duration_s: Fraction;
  at_s: Fraction;
  channels: Array<number>;
}

export interface Pictures {
  folder: string;
  prefix: string;
  suffix: string;
  digits: number;
  first: number;
  count: number;
  step: number;
  rate: Fraction;
  start_timecode: string | null;
  signed_apart: boolean;
}

export interface Skipped {
  clip: string;
  timecode: string;
  why: string;
  why_message: Message | null;
}

export interface Cue {
  number: string;
  start: Fraction;
  end: Fraction | null;
  file: string;
  source: Fraction;
  file_s: Fraction | null;
  file_start_s: Fraction | null;
  character: string;
  off_screen: boolean;
}

export type ToServer = Prove | Hello | Follow;

export type ToClient = Proven | Welcome | Happened | Snapshot | ProgressNow | LogLine | HostsChanged | ConsentWanted | Refused;
