// Bereikbaar: asks for each call what happens to it, and does that.
// A call-processing script for 3CX v18 and v20; the guide is docs/pbx/3cx.md.
// GPL-3.0-or-later.
//
// The class itself talks to 3CX; the classes inside it know nothing of 3CX. One file and one outer
// class, because 3CX takes nothing else. SHA-256 is written out, because scripts have been reported
// to be compiled without System.Security.Cryptography.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using CallFlow;
using TCX.Configuration;
#if @@V20@@
using TCX.PBXAPI;
#endif

namespace dummy
{
    public class BereikbaarRouting : ScriptBase<BereikbaarRouting>
    {
        public static class Settings
        {
            public static string BaseUrl = "@@BASE_URL@@";
            public static string Token = "@@TOKEN@@";
            // Of signed tables, in hexadecimal; without it none is kept.
            public static string TableKey = "@@TABLE_KEY@@";
            // At most one is filled in; with neither it is the number called that is asked for.
            public static string Number = "@@NUMBER@@";
            public static string Schedule = "@@SCHEDULE@@";
            // An extension, queue or ring group; see the guide for what an empty one means.
            public static string DefaultRoute = "@@DEFAULT_ROUTE@@";
            public static string Mailbox = "@@MAILBOX@@";
            public static string DialPrefix = "@@DIAL_PREFIX@@";
            // Where messages and tables are kept.
            public static string Folder = "@@FOLDER@@";
            public static int TimeoutMs = @@TIMEOUT_MS@@;
            public static int DownloadTimeoutMs = 5000;
            public static int ForwardSeconds = 120;
        }

#if @@V20@@
        // Answered `false`, 3CX goes on as if there were no script.
        public override async Task<bool> StartAsync()
        {
            try
            {
                if (await HasLeft())
                    return true;
            }
            catch (Exception error)
            {
                Tell("the normal route, because of " + error.Message);
            }
            return Settings.DefaultRoute != ""
                && await IsRouted(new RouteRequest { Destination = Settings.DefaultRoute });
        }

        private async Task<bool> Forward(string number)
        {
            // It ends here when nobody answers: the normal route isn't for closed hours.
            if (!await IsRouted(Target("External.." + number)))
                MyCall.Terminate();
            return true;
        }

        private Task<bool> LeaveMessage(string mailbox)
        {
            return IsRouted(Target("VoiceMail." + mailbox + "."));
        }

        private static RouteRequest Target(string destination)
        {
            if (!DestinationStruct.TryParse(destination, out DestinationStruct target))
                throw new FormatException("3CX has no destination " + destination);
            var wait = TimeSpan.FromSeconds(Settings.ForwardSeconds);
            return new RouteRequest { RouteTarget = target, TimeOut = wait };
        }

        private async Task<bool> IsRouted(RouteRequest request)
        {
            try
            {
                await MyCall.RouteToAsync(request);
                return true;
            }
            catch (Exception error)
            {
                Tell("not delivered: " + error.Message);
                return false;
            }
        }
#else
        public override void Start()
        {
            Task.Run(async () =>
            {
                try
                {
                    // First of all: 3CX takes this route when the script ends, in whatever way.
                    MyCall.SetDefaultRoute(NormalRoute());
                    if (await HasLeft())
                        return;
                }
                catch (Exception error)
                {
                    Tell("the route that is set, because of " + error.Message);
                }
                End();
            });
        }

        private string NormalRoute()
        {
            if (Settings.DefaultRoute != "")
                return Settings.DefaultRoute;
            return ((PhoneSystem)MyCall.PS).GetParameterValue("OPERATOR");
        }

        private Task<bool> Forward(string number)
        {
            MyCall.SetDefaultRoute(number);
            return Task.FromResult(false);
        }

        private Task<bool> LeaveMessage(string mailbox)
        {
            MyCall.SetDefaultRoute("V" + mailbox);
            return Task.FromResult(false);
        }

        private void End()
        {
            try
            {
                MyCall.Return(true);
            }
            catch (Exception)
            {
                // The caller has hung up; there is nothing left to route.
            }
        }
#endif

        // Treats the call; tells whether it has left this script, so that no normal route follows.
        private async Task<bool> HasLeft()
        {
            var asked = Hook.Asked(MyCall.Caller.CalledNumber);
            var answer = await Hook.Ask(asked, MyCall.Caller.CallerID, "" + MyCall.CallID);
            Tell(answer.Source + ": " + answer.Status + ", " + answer.Action);
            // Of what is unknown there is no table.
            if (answer.IsFromDaemon && answer.Status != "unknown")
                KeptTable.RenewLater(asked);
            if (answer.Audio != "")
                await Play(answer.Audio, answer.IsFromDaemon);
            switch (answer.Action)
            {
                case "forward":
                    return await Forward(Settings.DialPrefix + answer.Forward.Substring(1));
                case "voicemail":
                    return Settings.Mailbox != "" && await LeaveMessage(Settings.Mailbox);
                case "hangup":
                    MyCall.Terminate();
                    return true;
                default:
                    return false;
            }
        }

        // Plays a message; a call goes on without one that can't be had or played.
        private async Task Play(string audio, bool isDaemonThere)
        {
            try
            {
                var path = await Messages.Find(audio, isDaemonThere);
                if (path != null && await MyCall.AssureMedia())
                    await MyCall.PlayPrompt(null, new[] { path }, PlayPromptOptions.Blocked);
            }
            catch (Exception error)
            {
                Tell("no message, because of " + error.Message);
            }
        }

        private void Tell(string text)
        {
            try
            {
                // The text is no format: an error's message may have braces.
                MyCall.Info("Bereikbaar: {0}", text);
            }
            catch (Exception)
            {
                // A log that fails must not end a call.
            }
        }

        // What happens to a call.
        public sealed class Answer
        {
            private static readonly string[] Statuses = { "open", "closed", "break", "unknown" };
            private static readonly string[] Actions = { "continue", "forward", "voicemail", "hangup" };

            public string Status = "unknown";
            public string Action = "continue";
            public string Audio = "";
            public string Forward = "";
            public string Source = "";
            public bool IsFromDaemon;

            public static Answer Normal(string why)
            {
                return new Answer { Source = why };
            }

            // Returns what fields say, or null when they can't be trusted.
            public static Answer Read(IDictionary<string, string> fields, string source)
            {
                var names = new[] { "status", "action", "audio", "forward", "voicemail", "error" };
                if (fields == null || !names.All(fields.ContainsKey))
                    return null;
                var answer = new Answer
                {
                    Status = fields["status"],
                    Action = fields["action"],
                    Audio = Messages.IsName(fields["audio"]) ? fields["audio"] : "",
                    Forward = fields["forward"],
                    Source = source,
                };
                if (!Statuses.Contains(answer.Status) || !Actions.Contains(answer.Action))
                    return null;
                if (answer.Action == "forward"
                    && !Regex.IsMatch(answer.Forward, @"\A\+[1-9][0-9]{6,14}\z"))
                    return null;
                return answer;
            }
        }

        // The daemon's answers over HTTP.
        public static class Hook
        {
            private const int LongestAnswer = 16 * 1024;

            public sealed class Reply
            {
                public int Status;
                // null: longer than it may be
                public byte[] Body;
                public string Signature;
            }

            // Returns what is asked for, as a query.
            public static string Asked(string called)
            {
                if (Settings.Schedule != "")
                    return "schedule=" + Settings.Schedule;
                return "did=" + Encode(Settings.Number != "" ? Settings.Number : called);
            }

            public static async Task<Answer> Ask(string asked, string caller, string callId)
            {
                var reply = await Get(
                    "/hook/3cx?format=text&" + asked + "&cli=" + Encode(caller)
                        + "&callid=" + Encode(callId),
                    Settings.TimeoutMs, LongestAnswer);
                if (reply == null || reply.Status >= 500)
                    return KeptTable.Decide(asked, DateTime.UtcNow)
                        ?? Answer.Normal("no answer and no table");
                // A daemon that refuses is alive: a token that is revoked stops deciding.
                if (reply.Status != 200)
                    return Answer.Normal("HTTP " + reply.Status);
                var answer = Answer.Read(ReadText(reply.Body), "daemon");
                if (answer == null)
                    return Answer.Normal("an answer that can't be used");
                answer.IsFromDaemon = true;
                return answer;
            }

            // Returns a whole reply, or null when none came in time.
            public static async Task<Reply> Get(string path, int timeoutMs, int limit)
            {
                using (var stop = new CancellationTokenSource())
                {
                    var token = stop.Token;
                    var fetched = Task.Run(() => Fetch(path, limit, token));
                    // Nothing that a library does, or fails to heed, keeps the caller longer.
                    var first = await Task.WhenAny(fetched, Task.Delay(timeoutMs));
                    stop.Cancel();
                    if (first == fetched && fetched.Status == TaskStatus.RanToCompletion)
                        return fetched.Result;
                    // Looked at, so that it counts as handled.
                    _ = fetched.ContinueWith(late => late.Exception);
                    return null;
                }
            }

            private static async Task<Reply> Fetch(string path, int limit, CancellationToken token)
            {
                using (var handler = new HttpClientHandler { AllowAutoRedirect = false, UseProxy = false })
                using (var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan })
                using (var request = new HttpRequestMessage(HttpMethod.Get, Settings.BaseUrl + path))
                {
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Settings.Token);
                    // One that was kept open may have been closed meanwhile.
                    request.Headers.ConnectionClose = true;
                    using (var response = await client.SendAsync(
                        request, HttpCompletionOption.ResponseHeadersRead, token))
                    {
                        var stream = await response.Content.ReadAsStreamAsync();
                        var body = await ReadAll(stream, limit, token);
                        return new Reply
                        {
                            Status = (int)response.StatusCode,
                            Body = body,
                            Signature = Header(response, "Bereikbaar-Signature"),
                        };
                    }
                }
            }

            private static string Header(HttpResponseMessage response, string name)
            {
                return response.Headers.Contains(name)
                    ? string.Concat(response.Headers.GetValues(name)) : "";
            }

            private static async Task<byte[]> ReadAll(Stream stream, int limit, CancellationToken token)
            {
                using (var whole = new MemoryStream())
                {
                    var part = new byte[8192];
                    int count;
                    while ((count = await stream.ReadAsync(part, 0, part.Length, token)) > 0)
                    {
                        whole.Write(part, 0, count);
                        if (whole.Length > limit)
                            return null;
                    }
                    return whole.ToArray();
                }
            }

            // Reads `key=value` lines; returns null for what is none.
            private static IDictionary<string, string> ReadText(byte[] body)
            {
                var text = Decode(body);
                if (text == null)
                    return null;
                var fields = new Dictionary<string, string>();
                foreach (var line in text.Split('\n').Select(part => part.TrimEnd('\r')))
                {
                    if (line == "")
                        continue;
                    var at = line.IndexOf('=');
                    if (at < 1 || fields.ContainsKey(line.Substring(0, at)))
                        return null;
                    fields[line.Substring(0, at)] = line.Substring(at + 1);
                }
                return fields;
            }

            // Returns UTF-8 as text, or null when it isn't.
            public static string Decode(byte[] body)
            {
                try
                {
                    return body == null ? null : new UTF8Encoding(false, true).GetString(body);
                }
                catch (ArgumentException)
                {
                    return null;
                }
            }

            // Without what the daemon would refuse, for its length or as no text: no caller escapes by it.
            private static string Encode(string value)
            {
                value = string.Concat((value ?? "").Where(letter => !char.IsSurrogate(letter)));
                return Uri.EscapeDataString(value.Substring(0, Math.Min(value.Length, 120)));
            }
        }

        // Messages, downloaded once; the name is the hash of the content.
        public static class Messages
        {
            private const int Largest = 10 * 1024 * 1024;
            private const int WavHeader = 44;

            public static bool IsName(string name)
            {
                return Regex.IsMatch(name, @"\A[0-9a-f]{64}\.wav\z");
            }

            // Returns the path of a message, or null when it can't be had. While the daemon is away
            // it isn't tried: the caller has waited enough.
            public static async Task<string> Find(string name, bool isDaemonThere)
            {
                var path = Path.Combine(Settings.Folder, name);
                if (File.Exists(path))
                    return path;
                if (!isDaemonThere)
                    return null;
                var reply = await Hook.Get("/audio/" + name, Settings.DownloadTimeoutMs, Largest);
                if (reply == null || reply.Status != 200 || reply.Body == null)
                    return null;
                if (reply.Body.Length <= WavHeader || Sha256.Hex(reply.Body) + ".wav" != name)
                    return null;
                Files.Put(path, reply.Body);
                return path;
            }
        }

        // The signed table of the coming days, for when the daemon can't be reached.
        public static class KeptTable
        {
            private const int Largest = 4 * 1024 * 1024;
            private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

            // Returns what the table says of a moment, or null when there is none that counts.
            public static Answer Decide(string asked, DateTime now)
            {
                try
                {
                    var lines = ReadLines(asked);
                    if (lines == null)
                        return null;
                    var moment = Moment(now);
                    var head = ReadHead(lines);
                    if (head == null || !IsWithin(moment, head["generated_at"], head["expires_at"]))
                        return null;
                    var interval = lines.Skip(1).Select(ReadJson).FirstOrDefault(
                        fields => fields != null && IsWithin(moment, fields["from"], fields["until"]));
                    return Answer.Read(interval, "kept table");
                }
                catch (Exception)
                {
                    return null;
                }
            }

            // Fetches a newer table, unless there is a fresh one; the call doesn't wait for it.
            public static void RenewLater(string asked)
            {
                if (Settings.TableKey != "")
                    _ = Task.Run(() => Renew(asked));
            }

            private static async Task Renew(string asked)
            {
                try
                {
                    var path = PathOf(asked);
                    var age = DateTime.UtcNow - File.GetLastWriteTimeUtc(path);
                    if (File.Exists(path) && age >= TimeSpan.Zero && age < Fresh)
                        return;
                    var where = Settings.Schedule != "" ? "/table/" + Settings.Schedule : "/table?" + asked;
                    var reply = await Hook.Get(where, Settings.DownloadTimeoutMs, Largest);
                    if (reply == null || reply.Status != 200 || reply.Body == null)
                        return;
                    var lines = Lines(reply.Body, reply.Signature);
                    if (lines == null || IsOlder(lines, ReadLines(asked)))
                        return;
                    var line = Encoding.ASCII.GetBytes(reply.Signature + "\n");
                    Files.Put(path, line.Concat(reply.Body).ToArray());
                    // Those that nobody has heard yet can't be had any more once the daemon is away.
                    foreach (var audio in lines.Select(ReadJson).Select(AudioOf).Distinct())
                        if (Messages.IsName(audio))
                            await Messages.Find(audio, true);
                }
                catch (Exception)
                {
                    // The older table holds until it expires.
                }
            }

            // A file's first line is the signature of all that follows.
            private static string[] ReadLines(string asked)
            {
                var path = PathOf(asked);
                if (Settings.TableKey == "" || !File.Exists(path))
                    return null;
                var bytes = File.ReadAllBytes(path);
                var end = Array.IndexOf(bytes, (byte)'\n');
                if (end < 0)
                    return null;
                return Lines(bytes.Skip(end + 1).ToArray(), Encoding.ASCII.GetString(bytes, 0, end));
            }

            // Returns the lines of a table that is rightly signed and of the schedule that is asked
            // for, or null. Which numbers it is for, it doesn't say.
            private static string[] Lines(byte[] body, string signature)
            {
                var lines = IsSigned(body, signature) ? Hook.Decode(body)?.Split('\n') : null;
                var head = lines == null ? null : ReadHead(lines);
                if (head == null || Settings.Schedule != "" && head["schedule"] != Settings.Schedule)
                    return null;
                return lines;
            }

            private static IDictionary<string, string> ReadHead(string[] lines)
            {
                return ReadJson(Regex.Replace(lines[0], @",""intervals"":\[\z", "}"));
            }

            // Tells whether a table was made before the one that is kept: whoever once saw it go by
            // could send it again, to undo what was saved since. One of the future doesn't count.
            private static bool IsOlder(string[] lines, string[] kept)
            {
                if (kept == null)
                    return false;
                var made = ReadHead(kept)["generated_at"];
                return string.CompareOrdinal(ReadHead(lines)["generated_at"], made) < 0
                    && string.CompareOrdinal(made, Moment(DateTime.UtcNow)) <= 0;
            }

            private static string AudioOf(IDictionary<string, string> fields)
            {
                return fields != null && fields.ContainsKey("audio") ? fields["audio"] : "";
            }

            private static string Moment(DateTime at)
            {
                return at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            }

            private static string PathOf(string asked)
            {
                var name = Sha256.Hex(Encoding.UTF8.GetBytes(asked)).Substring(0, 32);
                return Path.Combine(Settings.Folder, "table-" + name + ".txt");
            }

            // Every character is looked at, wherever the first difference is.
            private static bool IsSigned(byte[] body, string signature)
            {
                var right = "v1=" + Sha256.HmacHex(Sha256.FromHex(Settings.TableKey), body);
                var difference = right.Length ^ signature.Length;
                for (var i = 0; i < right.Length && i < signature.Length; i++)
                    difference |= right[i] ^ signature[i];
                return difference == 0;
            }

            // Moments of equal width in UTC: text compares as time does.
            private static bool IsWithin(string moment, string from, string until)
            {
                return string.CompareOrdinal(from, moment) <= 0
                    && string.CompareOrdinal(moment, until) < 0;
            }

            // Reads a line that is one flat object of strings; returns null for another.
            private static IDictionary<string, string> ReadJson(string line)
            {
                const string text = @"""((?:[^""\\]|\\.)*)""";
                var whole = Regex.Match(line, @"\A\{(?:" + text + ":" + text + @",?)*\},?\r?\z");
                if (!whole.Success)
                    return null;
                var fields = new Dictionary<string, string>();
                for (var i = 0; i < whole.Groups[1].Captures.Count; i++)
                {
                    var name = Unescape(whole.Groups[1].Captures[i].Value);
                    fields[name] = Unescape(whole.Groups[2].Captures[i].Value);
                }
                return fields;
            }

            private static string Unescape(string text)
            {
                return Regex.Replace(text, @"\\(?:u([0-9a-fA-F]{4})|(.))", found =>
                {
                    if (found.Groups[1].Success)
                        return "" + (char)Convert.ToInt32(found.Groups[1].Value, 16);
                    var at = "bfnrt".IndexOf(found.Groups[2].Value, StringComparison.Ordinal);
                    return at < 0 ? found.Groups[2].Value : "" + "\b\f\n\r\t"[at];
                });
            }
        }

        public static class Files
        {
            // Writes a file whole or not at all; calls at the same time don't see halves.
            public static void Put(string path, byte[] bytes)
            {
                Directory.CreateDirectory(Settings.Folder);
                var temporary = path + "." + Guid.NewGuid().ToString("N");
                try
                {
                    File.WriteAllBytes(temporary, bytes);
                    if (File.Exists(path))
                        File.Replace(temporary, path, null);
                    else
                        File.Move(temporary, path);
                }
                catch (IOException) when (File.Exists(path))
                {
                    // Another call has just put the same there.
                }
                finally
                {
                    File.Delete(temporary);
                }
            }
        }

        // FIPS 180-4 and RFC 2104.
        public static class Sha256
        {
            private const int Block = 64;

            private static readonly uint[] K =
            {
                0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
                0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
                0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
                0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
                0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
                0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
                0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
                0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
            };

            public static string Hex(byte[] data)
            {
                return ToHex(Hash(data));
            }

            public static string HmacHex(byte[] key, byte[] data)
            {
                var padded = new byte[Block];
                (key.Length > Block ? Hash(key) : key).CopyTo(padded, 0);
                var inner = padded.Select(part => (byte)(part ^ 0x36)).Concat(data).ToArray();
                var outer = padded.Select(part => (byte)(part ^ 0x5c)).Concat(Hash(inner)).ToArray();
                return ToHex(Hash(outer));
            }

            public static byte[] FromHex(string text)
            {
                return Enumerable.Range(0, text.Length / 2)
                    .Select(at => Convert.ToByte(text.Substring(2 * at, 2), 16)).ToArray();
            }

            private static string ToHex(byte[] data)
            {
                return string.Concat(data.Select(part => part.ToString("x2")));
            }

            private static byte[] Hash(byte[] data)
            {
                unchecked
                {
                    uint[] state =
                    {
                        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
                    };
                    var padded = new byte[(data.Length + 8) / Block * Block + Block];
                    data.CopyTo(padded, 0);
                    padded[data.Length] = 0x80;
                    var bits = (ulong)data.Length * 8;
                    for (var i = 0; i < 8; i++)
                        padded[padded.Length - 1 - i] = (byte)(bits >> (8 * i));
                    var w = new uint[64];
                    for (var at = 0; at < padded.Length; at += Block)
                        Mix(state, w, padded, at);
                    return state.SelectMany(word => new[]
                    {
                        (byte)(word >> 24), (byte)(word >> 16), (byte)(word >> 8), (byte)word,
                    }).ToArray();
                }
            }

            private static void Mix(uint[] state, uint[] w, byte[] data, int at)
            {
                unchecked
                {
                    for (var i = 0; i < 16; i++, at += 4)
                        w[i] = (uint)(data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]);
                    for (var i = 16; i < 64; i++)
                    {
                        var s0 = Turn(w[i - 15], 7) ^ Turn(w[i - 15], 18) ^ (w[i - 15] >> 3);
                        var s1 = Turn(w[i - 2], 17) ^ Turn(w[i - 2], 19) ^ (w[i - 2] >> 10);
                        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
                    }
                    uint a = state[0], b = state[1], c = state[2], d = state[3];
                    uint e = state[4], f = state[5], g = state[6], h = state[7];
                    for (var i = 0; i < 64; i++)
                    {
                        var t1 = h + (Turn(e, 6) ^ Turn(e, 11) ^ Turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
                        var t2 = (Turn(a, 2) ^ Turn(a, 13) ^ Turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
                        h = g; g = f; f = e; e = d + t1;
                        d = c; c = b; b = a; a = t1 + t2;
                    }
                    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
                    state[4] += e; state[5] += f; state[6] += g; state[7] += h;
                }
            }

            private static uint Turn(uint word, int by)
            {
                return word >> by | word << (32 - by);
            }
        }
    }
}
