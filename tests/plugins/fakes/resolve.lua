-- A Resolve without Resolve, for the script in Lua: `lua resolve.lua SCRIPT` runs the script with it, then prints what lies on the timeline, one
-- line for each clip: kind, track, name of the track, start from the timeline's beginning, length, first frame of the file, file.
-- The scene is a table in the file that RESOLVE_SCENE names. With habits of the ledger: AppendToTimeline drops overlaps and counts from zero
-- o'clock, ImportMedia goes to the current folder and says nothing, endFrame is exclusive.

local scene = dofile(os.getenv("RESOLVE_SCENE"))
local numbers = 0

local function id(prefix)
	numbers = numbers + 1
	return prefix .. numbers
end

local function media_of(path)
	return { path = path, GetClipProperty = function(self, name) return name == "File Path" and self.path or "" end }
end

local function item_of(given)
	local item = { id = id("item-"), media = given.file and media_of(given.file), at = given.start, length = given.length, first = given.first or 0 }
	function item:GetUniqueId() return self.id end
	function item:GetStart() return self.at end
	function item:GetDuration() return self.length end
	function item:GetLeftOffset() return self.first end
	function item:GetMediaPoolItem() return self.media end
	return item
end

local first_frame = scene.start
local timeline = { tracks = { video = {}, audio = {} }, chosen = {} }
for _, given in ipairs(scene.clips) do
	local tracks = timeline.tracks[given.kind]
	while #tracks < given.track do tracks[#tracks + 1] = { name = given.kind .. " " .. (#tracks + 1), items = {} } end
	local item = item_of({ file = given.file, start = first_frame + given.start, length = given.length, first = given.first })
	table.insert(tracks[given.track].items, item)
	if given.selected then table.insert(timeline.chosen, item) end
end

function timeline:GetName() return scene.name end
function timeline:GetUniqueId() return "0c1f-timeline" end
function timeline:GetStartFrame() return first_frame end
function timeline:GetTrackCount(kind) return #self.tracks[kind] end
function timeline:GetTrackName(kind, index) return self.tracks[kind][index].name end
function timeline:SetTrackName(kind, index, name) self.tracks[kind][index].name = name end
function timeline:GetIsTrackLocked(kind, index) return false end
function timeline:GetItemListInTrack(kind, index) return self.tracks[kind][index].items end
function timeline:AddTrack(kind) table.insert(self.tracks[kind], { name = "new", items = {} }) return true end
function timeline:Export(path)
	local file = io.open(path, "w")
	if not file then return false end
	file:write("{}")
	file:close()
	return true
end
function timeline:DeleteClips(items)
	for _, tracks in pairs(self.tracks) do
		for _, track in ipairs(tracks) do
			for index = #track.items, 1, -1 do
				if track.items[index] == items[1] then table.remove(track.items, index) end
			end
		end
	end
end
if not scene.old then function timeline:GetSelectedClips() return self.chosen end end

local function folder_of(name)
	local folder = { name = name, folders = {}, clips = {} }
	function folder:GetName() return self.name end
	function folder:GetSubFolderList() return self.folders end
	function folder:GetClipList() return self.clips end
	return folder
end

local root = folder_of("Master")
local pool = { current = root }
function pool:GetRootFolder() return root end
function pool:GetCurrentFolder() return self.current end
function pool:SetCurrentFolder(folder) self.current = folder return true end
function pool:AddSubFolder(parent, name)
	local made = folder_of(name)
	table.insert(parent.folders, made)
	return made
end
function pool:ImportMedia(paths)
	for _, path in ipairs(paths) do
		local file = io.open(path, "r")
		if file then
			file:close()
			table.insert(self.current.clips, media_of(path))
		end
	end
	return nil
end
function pool:AppendToTimeline(infos)
	for _, info in ipairs(infos) do
		local items = timeline.tracks.video[info.trackIndex].items
		local length = info.endFrame - info.startFrame + (scene.inclusive and 1 or 0)
		local free = true
		for _, item in ipairs(items) do
			if item.at < info.recordFrame + length and info.recordFrame < item.at + item.length then free = false end
		end
		if free and info.mediaType == 1 then
			table.insert(items, item_of({ file = info.mediaPoolItem.path, start = info.recordFrame, length = length, first = info.startFrame }))
		end
	end
	return {}
end

local project = {}
function project:GetCurrentTimeline() return not scene.closed and timeline or nil end
function project:GetMediaPool() return pool end

resolve = { EXPORT_OTIO = 1, EXPORT_NONE = 0 }
function resolve:GetProjectManager() return { GetCurrentProject = function() return project end } end

dofile(arg[1])
if scene.twice then dofile(arg[1]) end

print("--")
for _, kind in ipairs({ "video", "audio" }) do
	for number, track in ipairs(timeline.tracks[kind]) do
		for _, item in ipairs(track.items) do
			print(table.concat({ kind, number, track.name, item.at - first_frame, item.length, item.first, item.media and item.media.path or "" }, "\t"))
		end
	end
end
print("bin\t" .. pool.current:GetName())
