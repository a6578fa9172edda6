using System.Globalization;
using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>nbdinfo of libnbd: what the handshake says about an export.</summary>
public sealed class NbdInfoTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [InlineData(Place.File)]
    [InlineData(Place.DevS3)]
    public async Task Size_is_the_sources_own_to_the_byte(Place place)
    {
        Tool.Require("nbdinfo");
        var source = await OddSizedAsync(place, 1_234_567);
        await using var becket = await BecketServer.StartAsync(source, Token);

        var info = await new Command("nbdinfo", "--size", becket.Uri).SucceedAsync(Token);

        Assert.Equal("1234567\n", info.Output);
        await becket.StopAsync(Token);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Export_is_read_only_and_allows_many_connections(Place place)
    {
        Tool.Require("nbdinfo");
        await using var becket = await ServeDiskAsync(place);

        var export = Assert.Single(await ExportsAsync("--json", becket.Uri));

        Assert.True(export.GetProperty("is_read_only").GetBoolean());
        Assert.True(export.GetProperty("can_multi_conn").GetBoolean());
        Assert.True(export.GetProperty("can_df").GetBoolean());
        Assert.False(export.GetProperty("can_trim").GetBoolean());
        Assert.False(export.GetProperty("can_zero").GetBoolean());
        Assert.False(export.GetProperty("is_rotational").GetBoolean());
        Assert.Equal(48 << 20, export.GetProperty("export-size").GetInt64());
        Assert.Equal("base:allocation", Assert.Single(export.GetProperty("contexts").EnumerateArray()).GetString());
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Several_exports_are_listed_by_name_with_their_own_sizes()
    {
        Tool.Require("nbdinfo");
        var (small, large) = (Folder["small.img"], Folder["large.img"]);
        File.WriteAllBytes(small, new byte[512]);
        File.WriteAllBytes(large, new byte[8192]);
        await using var becket = await BecketServer.StartAsync(
            new Source(["--export", $"small={small}", "--export", $"large={large}"], []), Token);

        var listed = await ExportsAsync("--list", "--json", becket.Uri);
        var named = await new Command("nbdinfo", "--size", becket.UriOf("large")).SucceedAsync(Token);
        var unnamed = await new Command("nbdinfo", "--size", becket.Uri).SucceedAsync(Token);
        var unknown = await new Command("nbdinfo", "--size", becket.UriOf("medium")).RunAsync(Token);

        Assert.Equal(
            [("large", 8192L), ("small", 512L)],
            listed.Select(export => (export.GetProperty("export-name").GetString(), export.GetProperty("export-size").GetInt64()))
                .OrderByDescending(export => export.Item2));
        Assert.Equal("8192\n", named.Output);
        Assert.Equal("512\n", unnamed.Output);
        Assert.NotEqual(0, unknown.ExitCode);
        await becket.StopAsync(Token);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Map_covers_the_disk_and_calls_nothing_zero_that_is_not(Place place)
    {
        Tool.Require("nbdinfo");
        await using var becket = await ServeDiskAsync(place);

        var info = await new Command("nbdinfo", "--map", "--json", becket.Uri).SucceedAsync(Token);

        using var map = JsonDocument.Parse(info.Output);
        using var disk = File.OpenRead(await Stores.GetDiskAsync());
        var end = 0L;
        foreach (var extent in map.RootElement.EnumerateArray())
        {
            var (offset, length) = (extent.GetProperty("offset").GetInt64(), extent.GetProperty("length").GetInt64());
            Assert.Equal(end, offset);
            if (extent.GetProperty("type").GetInt32() != 0)
            {
                var bytes = new byte[length];
                disk.Position = offset;
                await disk.ReadExactlyAsync(bytes, Token);
                Assert.False(bytes.AsSpan().ContainsAnyExcept((byte)0), $"data at {offset}+{length}, which the map calls zero");
            }
            end = offset + length;
        }
        Assert.Equal(disk.Length, end);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Map_of_a_sparse_file_has_its_holes()
    {
        Tool.Require("nbdinfo");
        var path = Folder["sparse.img"];
        using (var file = File.Create(path))
        {
            file.SetLength(1 << 20);
            file.Position = 512 << 10;
            file.Write(new byte[] { 1 });
        }
        await using var becket = await BecketServer.StartAsync(Source.File(path), Token);

        var info = await new Command("nbdinfo", "--map", "--totals", becket.Uri).SucceedAsync(Token);

        Assert.Contains("hole,zero", info.Output, StringComparison.Ordinal);
        Assert.Contains("data", info.Output, StringComparison.Ordinal);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Qemu_lists_the_exports()
    {
        Tool.Require("qemu-nbd");
        await using var becket = await BecketServer.StartAsync(Source.File(NewDisk(1 << 20)), Token);

        var list = await new Command("qemu-nbd", "--list", "--socket", becket.Socket).SucceedAsync(Token);

        Assert.Contains("exports available: 1", list.Output, StringComparison.Ordinal);
        Assert.Contains((1 << 20).ToString(CultureInfo.InvariantCulture), list.Output, StringComparison.Ordinal);
        await becket.StopAsync(Token);
    }

    private async Task<IReadOnlyList<JsonElement>> ExportsAsync(params IReadOnlyList<string> arguments)
    {
        var info = await new Command("nbdinfo", arguments).SucceedAsync(Token);
        using var document = JsonDocument.Parse(info.Output);
        return [.. document.RootElement.GetProperty("exports").EnumerateArray().Select(export => export.Clone())];
    }

    private async Task<Source> OddSizedAsync(Place place, int size)
    {
        var bytes = new byte[size];
        new Random(3).NextBytes(bytes);
        if (place is Place.File)
        {
            File.WriteAllBytes(Folder["odd.img"], bytes);
            return Source.File(Folder["odd.img"]);
        }
        var store = await Stores.GetDevS3Async();
        File.WriteAllBytes(store.PathOf(RealStores.Bucket, "odd.img"), bytes);
        return store.Endpoint.Object(RealStores.Bucket, "odd.img");
    }
}
