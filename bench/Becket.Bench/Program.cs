using System.CommandLine;
using System.Net;
using System.Text.Json;
using Becket.Bench;
using Becket.Bench.Proxy;

// The tools of bench/: each is a subcommand, so that the scripts can run them as processes of their own.
return new RootCommand("Becket's measurements")
{
    LatencyProxyCommand(),
    PlainGetsCommand(),
}.Parse(args).Invoke();

static Command LatencyProxyCommand()
{
    var listen = new Option<string>("--listen") { Description = "Address and port (0: any)", DefaultValueFactory = _ => "127.0.0.1:0" };
    var upstream = new Option<string>("--upstream") { Description = "Address and port of the store", Required = true };
    var latency = new Option<double>("--latency-ms") { Description = "From a request to the first byte of its answer" };
    var command = new Command("latency-proxy", $"Put a store far away. GET {ProxyConnection.CountersPath} reads the counters, DELETE resets them") { listen, upstream, latency };
    command.SetAction(parsed =>
    {
        var proxy = new LatencyProxy(IPEndPoint.Parse(parsed.GetValue(upstream)!), TimeSpan.FromMilliseconds(parsed.GetValue(latency)));
        proxy.Run(IPEndPoint.Parse(parsed.GetValue(listen)!), address => Console.WriteLine($"listening: {address}"));
    });
    return command;
}

static Command PlainGetsCommand()
{
    var url = new Argument<string>("url") { Description = "An object that everybody may read, at an IP address and port" };
    var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 8 };
    var range = new Option<int>("--range-mib") { DefaultValueFactory = _ => 4 };
    var command = new Command("plain-gets", "Read an object through parallel ranged GETs, throw it away, print MB/s as JSON") { url, connections, range };
    command.SetAction(parsed =>
    {
        var (bytes, seconds) = new PlainGets(new Uri(parsed.GetValue(url)!), parsed.GetValue(connections), (long)parsed.GetValue(range) << 20).Run();
        Console.WriteLine(JsonSerializer.Serialize(new { bytes, seconds, megabytesPerSecond = bytes / seconds / 1e6 }));
    });
    return command;
}
