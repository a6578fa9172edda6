using System.Globalization;
using System.Net;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Status;
using Becket.InteropTests.Stores;
using Store = Becket.InteropTests.Stores.DevS3;

namespace Becket.InteropTests.Mounting;

/// <summary>What <c>--status</c> tells of a process in the background, and where it is found.</summary>
public sealed class MountStatusTests(RealStores stores, MountImages images) : MountTest(stores)
{
    private const int Size = 96 << 20;

    private readonly HttpClient _http = new();

    [Fact]
    public async Task A_mount_tells_its_health_and_its_metrics_where_list_says()
    {
        RequireMounts();
        var source = await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Ext4);
        var folder = NewMountPoint();
        await MountAsync(source, folder, "--status", "0");

        var address = Assert.Single(await Becket.ListAsync(Token)).GetProperty("statusAddress").GetString()!;

        Assert.Matches(@"^http://127\.0\.0\.1:\d+/$", address);
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync(_http, address + "healthz"));
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync(_http, address + "readyz"));
        var before = await ReadBytesAsync(_http, address, source);
        await AssertFilesAsync(await images.GetAsync(ImageFormat.Ext4), folder);
        Assert.True(await ReadBytesAsync(_http, address, source) > before);
        var metrics = (await GetAsync(_http, address + "metrics")).Text;
        string[] names =
        [
            "becket_device_size_bytes", "becket_device_failing",
            "becket_cache_reads_total", "becket_cache_memory_content_bytes",
        ];
        var label = $"becket_device_name=\"{source.Arguments[0]}\"";
        foreach (var name in names)
            Assert.Contains(Rows(metrics, name), row => row.Contains(label, StringComparison.Ordinal));
        Assert.NotEmpty(Rows(metrics, "becket_store_requests_total"));
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_device_whose_store_is_away_is_alive_and_not_ready_until_it_is_back()
    {
        RequireMounts();
        await using var store = await Store.StartAsync(Token);
        File.Move(NewDisk(Size), store.PathOf("b", "disk.img"));
        var source = store.Endpoint.Object("b", "disk.img");
        var device = await AttachAsync(source, "--io-timeout", "2s", "--status", Folder["status"]);
        using var http = SocketHttp.ClientFor(Folder["status"]);
        Assert.Equal(Folder["status"], Assert.Single(await Becket.ListAsync(Token)).GetProperty("statusAddress").GetString());
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync(http, "http://localhost/readyz"));

        store.Hold();
        await new Command("dd", $"if={device}", "of=/dev/null", "bs=4096", "count=1", $"skip={Size / 2 / 4096}", "iflag=direct")
            .EndWithAsync(1, Token);

        var (status, problem) = await GetAsync(http, "http://localhost/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains(source.Arguments[0], problem, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync(http, "http://localhost/healthz"));
        var metrics = (await GetAsync(http, "http://localhost/metrics")).Text;
        Assert.EndsWith(" 1", Assert.Single(Rows(metrics, "becket_device_failing")), StringComparison.Ordinal);

        store.LetGo();
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await GetAsync(http, "http://localhost/readyz")).Status != HttpStatusCode.OK)
            await retry.WaitForNextTickAsync(Token);
        await Becket.Command("detach", device).SucceedAsync(Token);
        AssertNothingIsLeft();
        Assert.False(File.Exists(Folder["status"]));
    }

    [Fact]
    public async Task Without_the_option_there_is_no_address()
    {
        RequireMounts();
        var device = await AttachAsync(Source.File((await images.GetAsync(ImageFormat.Squashfs)).Path));

        Assert.False(Assert.Single(await Becket.ListAsync(Token)).TryGetProperty("statusAddress", out _));

        await Becket.Command("detach", device).SucceedAsync(Token);
    }

    private async Task<double> ReadBytesAsync(HttpClient http, string address, Source source)
    {
        var rows = Rows((await GetAsync(http, address + "metrics")).Text, "becket_device_io_bytes_total");
        var row = Assert.Single(rows, row => row.Contains("becket_device_operation=\"read\"", StringComparison.Ordinal));
        Assert.Contains($"becket_device_name=\"{source.Arguments[0]}\"", row, StringComparison.Ordinal);
        return double.Parse(row.Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> Rows(string metrics, string name) =>
        metrics.Split('\n').Where(line => line.StartsWith($"{name}{{", StringComparison.Ordinal));

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(HttpClient http, string address)
    {
        using var answer = await http.GetAsync(new Uri(address), Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }
}
