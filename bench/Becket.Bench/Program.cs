using System.CommandLine;
using System.Net;
using System.Text.Json;
using Becket.Bench;
using Becket.Bench.Compare;
using Becket.Bench.Micro;
using Becket.Bench.Proxy;
using BenchmarkDotNet.Running;

// The tools of bench/: each is a subcommand, so that the scripts can run them as processes of their own. The words behind
// "micro" are BenchmarkDotNet's.
if (args is ["micro", .. var words])
    return RunMicro(words);

var root = new RootCommand("Becket's measurements")
{
    new CompareCommand().Build(),
    LatencyProxyCommand(),
    PlainGetsCommand(),
};
// A comparison that is interrupted has mounts and servers to take down, and a slow one has to answer first.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(3) });

static Command LatencyProxyCommand()
{
    var listen = new Option<string>("--listen") { Description = "Address and port (0: any)", DefaultValueFactory = _ => "127.0.0.1:0" };
    var upstream = new Option<string>("--upstream") { Description = "Address and port of the store", Required = true };
    var latency = new Option<double>("--latency-ms") { Description = "From a request to the first byte of its answer" };
    var description = $"Put a store far away. GET {ProxyConnection.CountersPath} reads the counters, DELETE resets them";
    var command = new Command("latency-proxy", description) { listen, upstream, latency };
    command.SetAction(parsed =>
    {
        var distance = TimeSpan.FromMilliseconds(parsed.GetValue(latency));
        var proxy = new LatencyProxy(IPEndPoint.Parse(parsed.GetValue(upstream)!), distance);
        proxy.Run(IPEndPoint.Parse(parsed.GetValue(listen)!), address => Console.WriteLine($"listening: {address}"));
    });
    return command;
}

static Command PlainGetsCommand()
{
    var url = new Argument<string>("url") { Description = "An object that everybody may read, at an IP address and port" };
    var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 8 };
    var range = new Option<int>("--range-mib") { DefaultValueFactory = _ => 4 };
    var description = "Read an object through parallel ranged GETs, throw it away, print MB/s as JSON";
    var command = new Command("plain-gets", description) { url, connections, range };
    command.SetAction(parsed =>
    {
        var rangeSize = (long)parsed.GetValue(range) << 20;
        var (bytes, seconds) = new PlainGets(new Uri(parsed.GetValue(url)!), parsed.GetValue(connections), rangeSize).Run();
        Console.WriteLine(JsonSerializer.Serialize(new { bytes, seconds, megabytesPerSecond = bytes / seconds / 1e6 }));
    });
    return command;
}

// In this process: a project that BenchmarkDotNet generates would have to keep this repository's rules.
static int RunMicro(string[] words)
{
    var summaries = BenchmarkSwitcher.FromAssembly(typeof(WireBenchmarks).Assembly).Run([.. words, "--inProcess"]).ToList();
    return summaries.Count > 0 && summaries.All(summary => summary.Reports.All(report => report.Success)) ? 0 : 1;
}
