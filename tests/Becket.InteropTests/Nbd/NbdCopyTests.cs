using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>nbdcopy of libnbd: whole disks, over one connection and over many.</summary>
public sealed class NbdCopyTests(RealStores stores) : InteropTest(stores)
{
    public static TheoryData<Place, int> PlacesAndConnections =>
        new(from place in Enum.GetValues<Place>() from connections in new[] { 1, 4 } select (place, connections));

    [Theory]
    [MemberData(nameof(PlacesAndConnections))]
    public async Task Copy_is_identical(Place place, int connections)
    {
        Tool.Require("nbdcopy");
        await using var becket = await ServeDiskAsync(place);

        await new Command("nbdcopy", $"--connections={connections}", becket.Uri, Folder["copy.img"]).SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
        await becket.StopAsync(Token);
    }

    /// <summary>nbdcopy gives each connection 128 MiB at a time, so it takes more than four times that to use four.</summary>
    [Fact]
    public async Task All_four_connections_carry_a_share()
    {
        Tool.Require("nbdcopy");
        await using var becket = await BecketServer.StartAsync(Source.File(NewDisk(640 << 20)), Token);
        await using var relay = new CountingRelay(Folder["relay"], becket.Socket);

        await new Command("nbdcopy", "--connections=4", "--threads=4", relay.Uri, "null:").SucceedAsync(Token);

        relay.AssertAllCarriedAShare(connections: 4);
        await becket.StopAsync(Token);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-s")]
    public async Task Copy_from_a_captive_server_is_identical(string options)
    {
        Tool.Require("nbdcopy");
        var serve = BecketServer.CommandFor(
            await Stores.GetDiskInAsync(Place.DevS3), options.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        var copy = new Command("nbdcopy", ["--", "[", serve.Program, .. serve.Arguments, "]", Folder["copy.img"]])
        {
            Environment = serve.Environment,
        };
        await copy.SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
    }

    [Fact]
    public async Task Copy_onto_a_writable_disk_is_identical()
    {
        Tool.Require("nbdcopy");
        var path = Folder["target.img"];
        using (var file = File.Create(path))
            file.SetLength(48 << 20);
        await using var becket = await BecketServer.StartAsync(Source.File(path).With("--writable"), Token);

        await new Command("nbdcopy", "--flush", await Stores.GetDiskAsync(), becket.Uri).SucceedAsync(Token);

        await becket.StopAsync(Token);
        await AssertSameBytesAsync(await Stores.GetDiskAsync(), path);
    }

    [Fact]
    public async Task Copy_through_nbdkits_own_client_is_identical()
    {
        Tool.Require("nbdkit", "nbdcopy");
        await using var becket = await ServeDiskAsync(Place.DevS3);

        await new Command("nbdkit", "-U", "-", "-r", "nbd", $"socket={becket.Socket}", "--run", $"nbdcopy \"$uri\" {Folder["copy.img"]}")
            .SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
        await becket.StopAsync(Token);
    }
}
