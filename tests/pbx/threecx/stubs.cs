// What of 3CX's programming interface the script uses, as far as 3CX's own documents and samples
// tell it, and a program that runs calls through the script: commands on standard input, one a
// line, its words parted by tabs.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;

namespace CallFlow
{
    using TCX.Configuration;

    [Flags]
    public enum PlayPromptOptions { ResetBufferAtStart = 1, UnblockWhenFinished = 2, CancelPlaybackAtFirstChar = 4, Blocked = 8 }

    public interface ActiveConnection { }

    public class CallerInfo
    {
        public string CalledNumber { get; set; }
        public string CallerID { get; set; }
    }

    // One call; what happens to it is told as events.
    public class Call : ActiveConnection
    {
        public readonly List<string> Events = new List<string>();
        public readonly TaskCompletionSource<bool> Ended = new TaskCompletionSource<bool>();
        private readonly HashSet<string> faults;
        private readonly CallerInfo caller;
        private string route = "";
        private bool isDetached;

        public Call(string called, string callerId, IEnumerable<string> faults)
        {
            caller = new CallerInfo { CalledNumber = called, CallerID = callerId };
            this.faults = new HashSet<string>(faults);
        }

        public CallerInfo Caller { get { Use("Caller"); return caller; } }
        public int CallID { get { Use("CallID"); return 17; } }
        public object PS { get { Use("PS"); return new PhoneSystem(); } }

        // Fails when it is told to, and when the script no longer has the call.
        public void Use(string member)
        {
            if (isDetached)
                Note("used after its end: " + member);
            if (faults.Contains(member))
                throw new InvalidOperationException(member + " fails {0} {");
        }

        public void Note(string what)
        {
            lock (Events)
                Events.Add(what);
        }

        public void Info(string format, params object[] values)
        {
            Use("Info");
            Note("log " + string.Format(format, values));
        }

        public void SetDefaultRoute(string destination, string custom_display_name = null)
        {
            Use("SetDefaultRoute");
            route = destination;
        }

        public Task<bool> AssureMedia()
        {
            Use("AssureMedia");
            return Task.FromResult(!faults.Contains("no media"));
        }

        public Task<bool> PlayPrompt(string promptset, string[] files, PlayPromptOptions options)
        {
            Use("PlayPrompt");
            foreach (var file in files)
                Note("play " + Path.GetFileName(file) + " " + new FileInfo(file).Length);
            return Task.FromResult(true);
        }

        public void Terminate()
        {
            Use("Terminate");
            Leave("hung up");
        }

        public void Return(bool success)
        {
            Use("Return");
            Leave(route == "" ? "hung up" : route[0] == 'V' ? "mailbox " + route.Substring(1) : "route " + route);
        }

        public void Leave(string how)
        {
            Note(how);
            isDetached = true;
            Ended.TrySetResult(true);
        }

        public bool Has(string fault)
        {
            return faults.Contains(fault);
        }
    }

    public abstract class ScriptBase<T>
    {
        public Call MyCall { get; set; }

        public virtual void Start()
        {
            StartAsync().ContinueWith(done =>
            {
                if (done.IsFaulted)
                    MyCall.Note("failed: " + done.Exception.GetBaseException().Message);
                else if (!done.Result)
                    MyCall.Leave("left to 3CX");
                MyCall.Ended.TrySetResult(true);
            });
        }

        public virtual Task<bool> StartAsync()
        {
            return Task.FromResult(false);
        }
    }
}

namespace TCX.Configuration
{
    public class PhoneSystem
    {
        public string GetParameterValue(string name)
        {
            return name == "OPERATOR" ? "0" : null;
        }
    }

    public struct DestinationStruct
    {
        public string Text;

        // <DestinationType>.[<dnnumber>].[<externalnumber>]
        public static bool TryParse(string text, out DestinationStruct destination)
        {
            destination = new DestinationStruct { Text = text };
            var parts = text.Split('.');
            var known = new[] { "Extension", "VoiceMail", "External" };
            return parts.Length == 3 && known.Contains(parts[0]) && parts[1] + parts[2] != "";
        }
    }

    public struct RouteRequest
    {
        public string Destination;
        public DestinationStruct RouteTarget;
        public TimeSpan TimeOut;
    }
}

namespace TCX.PBXAPI
{
    using CallFlow;
    using TCX.Configuration;

    public class CallControlResult { }

    public class OperationFailed : Exception { }

    public static class CallControlAPI
    {
        public static Task<CallControlResult> RouteToAsync(this ActiveConnection connection, RouteRequest request)
        {
            var call = (Call)connection;
            call.Use("RouteToAsync");
            if (call.Has("no answer"))
                return Task.Run(new Func<CallControlResult>(() => { throw new OperationFailed(); }));
            var parts = (request.RouteTarget.Text ?? "").Split('.');
            call.Leave(request.Destination != null ? "route " + request.Destination
                : parts[0] == "VoiceMail" ? "mailbox " + parts[1] : "route " + parts[2]);
            return Task.FromResult(new CallControlResult());
        }
    }
}

public static class Runner
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(50);

    public static void Main()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            var words = line.Split('\t');
            foreach (var told in Do(words[0], words.Skip(1).ToArray()))
                Console.Out.WriteLine(told.Replace('\n', ' '));
            Console.Out.WriteLine(".");
            Console.Out.Flush();
        }
    }

    private static IEnumerable<string> Do(string command, string[] words)
    {
        switch (command)
        {
            case "set":
                var field = typeof(dummy.BereikbaarRouting.Settings).GetField(words[0]);
                field.SetValue(null, Convert.ChangeType(words[1], field.FieldType, CultureInfo.InvariantCulture));
                return new string[0];
            case "get":
                return new[] { "" + typeof(dummy.BereikbaarRouting.Settings).GetField(words[0]).GetValue(null) };
            case "call":
                return Place(words[0], words[1], words.Skip(2));
            case "hmac":
                return new[] { dummy.BereikbaarRouting.Sha256.HmacHex(Bytes(words[0]), Bytes(words[1])) };
            case "sha256":
                return new[] { dummy.BereikbaarRouting.Sha256.Hex(Bytes(words[0])) };
            case "decide":
                return words.Skip(1).Select(moment => Decide(words[0], moment));
            default:
                throw new ArgumentException(command);
        }
    }

    private static IEnumerable<string> Place(string called, string caller, IEnumerable<string> faults)
    {
        var call = new CallFlow.Call(called, caller, faults);
        new dummy.BereikbaarRouting { MyCall = call }.Start();
        if (!call.Ended.Task.Wait(Patience))
            call.Note("hangs");
        // What a script still does with a call that it no longer has would come now.
        System.Threading.Thread.Sleep(20);
        lock (call.Events)
            return call.Events.ToArray();
    }

    private static string Decide(string asked, string moment)
    {
        var now = DateTime.Parse(moment, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        var answer = dummy.BereikbaarRouting.KeptTable.Decide(asked, now);
        if (answer == null)
            return "none";
        return string.Join(" ", answer.Status, answer.Action, answer.Audio, answer.Forward);
    }

    private static byte[] Bytes(string hex)
    {
        return dummy.BereikbaarRouting.Sha256.FromHex(hex);
    }
}
