-- Appears in Resolve as Workspace > Scripts > Utility > HeyGem Files. For the free edition, which runs scripts in Lua but, from 21.1 on, none in
-- Python. The first run writes the open timeline to a file and says which command renders what is selected; once that is done, the next run lays
-- the takes on a track of their own above their clips. Believed is only what is read back. `heygem install resolve` fills in the lines below.

local FOLDER = "@FOLDER@"
local COMMAND = "@COMMAND@"
local SENTENCES = {} --@SENTENCES@
local TAKES = "HeyGem takes"

local say, fail

-- A sentence with its gaps filled, in the console of Resolve.
function say(code, params)
	local text = SENTENCES[code] or code
	print((text:gsub("{(%w+)}", function(name) return tostring((params or {})[name]) end)))
end

-- Ends the script with a sentence.
function fail(code, params)
	say(code, params)
	error({ told = true })
end

local function list(found)
	return type(found) == "table" and found or {}
end

-- What Resolve hands to scripts of the menu, or as its own examples ask for it.
local function editor()
	local found = rawget(_G, "resolve")
	if not found and type(Resolve) == "function" then found = Resolve() end
	if not found and type(bmd) == "table" and bmd.scriptapp then found = bmd.scriptapp("Resolve") end
	return found or fail("panel.files-no-resolve")
end

-- A name that every system allows for a file.
local function plain(name)
	return (name:gsub("[^%w%-_ ]", "_"):sub(1, 60))
end

local function start_of(timeline, item)
	return item:GetStart() - timeline:GetStartFrame()
end

-- "120-480" of each selected picture, and the numbers of the tracks with selected sound. Empty without a selection, which is known since 21.0.4.
local function selected(timeline)
	local ranges, sounds, chosen = {}, {}, {}
	local ok, clips = pcall(function() return timeline:GetSelectedClips() end)
	for _, item in ipairs(ok and list(clips) or {}) do chosen[item:GetUniqueId()] = true end
	for track = 1, timeline:GetTrackCount("video") do
		for _, item in ipairs(list(timeline:GetItemListInTrack("video", track))) do
			local start = start_of(timeline, item)
			if chosen[item:GetUniqueId()] then ranges[#ranges + 1] = string.format("%d-%d", start, start + item:GetDuration()) end
		end
	end
	for track = 1, timeline:GetTrackCount("audio") do
		for _, item in ipairs(list(timeline:GetItemListInTrack("audio", track))) do
			if chosen[item:GetUniqueId()] then sounds[track] = true end
		end
	end
	return ranges, sounds
end

local function quoted(text)
	return '"' .. text .. '"'
end

local function command_for(timeline, source, output)
	local words = { COMMAND, "timeline", quoted(source) }
	local ranges, sounds = selected(timeline)
	for _, range in ipairs(ranges) do words[#words + 1] = "--range " .. range end
	local spoken = false
	for track in pairs(sounds) do
		spoken = true
		words[#words + 1] = "--speech-track A" .. track
	end
	if not spoken then words[#words + 1] = "--speech FILE" end
	words[#words + 1] = "-o " .. quoted(output)
	return table.concat(words, " "), spoken
end

local function exported(app, timeline, base)
	local source = base .. ".otio"
	if not app.EXPORT_OTIO or not timeline:Export(source, app.EXPORT_OTIO, app.EXPORT_NONE) then
		fail("panel.files-not-written", { path = source })
	end
	local command, spoken = command_for(timeline, source, base .. "_synced.otio")
	say("panel.files-exported", { path = source })
	print(command)
	if not spoken then say("panel.files-say-speech") end
	say("panel.files-run-again")
end

-- The lines that the command left beside the takes: track of the clip, start and length on the timeline, first frame and frames of the file, file.
-- Nil = there are none yet.
local function takes_in(path)
	local file = io.open(path, "r")
	if not file then return nil end
	local found = {}
	for line in file:lines() do
		local track, start, length, first, frames, name = line:match("^(%d+)\t(%d+)\t(%d+)\t(%d+)\t(%d+)\t([^\r]+)\r?$")
		if name then
			found[#found + 1] = { track = tonumber(track), start = tonumber(start), length = tonumber(length), first = tonumber(first),
				frames = tonumber(frames), file = name }
		end
	end
	file:close()
	return found
end

local function path_of(item)
	local media = item:GetMediaPoolItem()
	return media and media:GetClipProperty("File Path") or nil
end

-- Whether a file lies on the timeline already, wherever it was moved to.
local function lies(timeline, file)
	for track = 1, timeline:GetTrackCount("video") do
		for _, item in ipairs(list(timeline:GetItemListInTrack("video", track))) do
			if path_of(item) == file then return true end
		end
	end
	return false
end

-- A track of ours above a track that is free in a range; a new one on top where there is none.
local function track_for(timeline, take)
	for track = take.track + 1, timeline:GetTrackCount("video") do
		local free = (timeline:GetTrackName("video", track) or ""):sub(1, #TAKES) == TAKES and not timeline:GetIsTrackLocked("video", track)
		for _, item in ipairs(list(timeline:GetItemListInTrack("video", track))) do
			local start = start_of(timeline, item)
			if start < take.start + take.length and start + item:GetDuration() > take.start then free = false end
		end
		if free then return track end
	end
	local before = timeline:GetTrackCount("video")
	timeline:AddTrack("video")
	if timeline:GetTrackCount("video") ~= before + 1 then fail("panel.files-no-track") end
	timeline:SetTrackName("video", before + 1, TAKES)
	return before + 1
end

local function bin_of(pool)
	for _, folder in ipairs(list(pool:GetRootFolder():GetSubFolderList())) do
		if folder:GetName() == TAKES then return folder end
	end
	return pool:AddSubFolder(pool:GetRootFolder(), TAKES)
end

local function imported(pool, file)
	local bin = bin_of(pool)
	local function known()
		for _, media in ipairs(list(bin:GetClipList())) do
			if media:GetClipProperty("File Path") == file then return media end
		end
	end
	if not known() then
		pool:SetCurrentFolder(bin)
		pool:ImportMedia({ file }) -- what it returns is not reliable: the bin is looked at
	end
	return known()
end

-- Frames of the file belong to the range without its end (21.0), or with it (before): what lies there decides.
local function laid(pool, timeline, take)
	local media = imported(pool, take.file)
	if not media then return false end
	local track = track_for(timeline, take)
	for _, last in ipairs({ take.first + take.frames, take.first + take.frames - 1 }) do
		pool:AppendToTimeline({ { mediaPoolItem = media, startFrame = take.first, endFrame = last, mediaType = 1, trackIndex = track,
			recordFrame = timeline:GetStartFrame() + take.start } })
		for _, item in ipairs(list(timeline:GetItemListInTrack("video", track))) do
			if start_of(timeline, item) == take.start and path_of(item) == take.file then
				if item:GetDuration() == take.length and item:GetLeftOffset() == take.first then return true end
				timeline:DeleteClips({ item }, false)
			end
		end
	end
	return false
end

local function lay_all(project, timeline, takes)
	local pool = project:GetMediaPool()
	local folder = pool:GetCurrentFolder()
	local count, there, missed = 0, 0, {}
	for _, take in ipairs(takes) do
		if lies(timeline, take.file) then
			there = there + 1
		elseif laid(pool, timeline, take) then
			count = count + 1
		else
			missed[#missed + 1] = take.file
		end
	end
	if folder then pool:SetCurrentFolder(folder) end
	say("panel.files-laid", { count = count, there = there })
	for _, file in ipairs(missed) do say("panel.files-not-laid", { path = file }) end
	return count
end

local function main()
	local app = editor()
	local project = app:GetProjectManager():GetCurrentProject()
	local timeline = project and project:GetCurrentTimeline()
	if not timeline then fail("panel.files-no-timeline") end
	local base = FOLDER .. "/" .. plain(timeline:GetName()) .. " " .. plain(timeline:GetUniqueId()):sub(1, 8)
	local takes = takes_in(base .. "_synced takes/takes.tsv")
	if takes and #takes > 0 and lay_all(project, timeline, takes) > 0 then return end
	exported(app, timeline, base)
end

local done, problem = pcall(main)
if not done and not (type(problem) == "table" and problem.told) then
	say("panel.files-failed", { why = tostring(problem) })
end
