using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>Images behind a plain URL.</summary>
public sealed class WebServerTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [InlineData(HttpManners.Ordinary)]
    [InlineData(HttpManners.RefusesHead)]
    public async Task Image_on_a_web_server_is_copied_identically(HttpManners manners)
    {
        Tool.Require("nbdcopy");
        var image = await File.ReadAllBytesAsync(await Stores.GetDiskAsync(), Token);
        await using var web = await HttpImageServer.StartAsync(image, manners, Token);
        await using var becket = await BecketServer.StartAsync(new Source([web.Url.ToString()], []), Token);

        await new Command("nbdcopy", becket.Uri, Folder["copy.img"]).SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
        await becket.StopAsync(Token);
    }
}
