using Becket.Sources;

namespace Becket.Tests.Program;

public class DeviceSourceTests
{
    [Fact]
    public void An_s3_address_is_an_object() =>
        Assert.IsType<DeviceSource.S3>(DeviceSource.Parse("s3://bucket/folder/fedora.iso?versionId=abc"));

    [Theory]
    [InlineData("./disk.img", "./disk.img")]
    [InlineData("disk.img", "disk.img")]
    [InlineData("/dev/sda", "/dev/sda")]
    [InlineData("file:///var/lib/disk%20one.img", "/var/lib/disk one.img")]
    [InlineData("./odd=name.img", "./odd=name.img")]
    public void What_has_no_scheme_is_a_file(string text, string path) =>
        Assert.Equal(path, Assert.IsType<DeviceSource.LocalFile>(DeviceSource.Parse(text)).Path);

    [Fact]
    public void The_signature_of_a_presigned_url_is_kept_but_never_shown()
    {
        var source = Assert.IsType<DeviceSource.Http>(DeviceSource.Parse("https://user:pw@host/a%2Fb.raw?X-Amz-Signature=secret%2B"));

        Assert.Equal("?X-Amz-Signature=secret%2B", source.Url.Query);
        Assert.Equal("https://host/a%2Fb.raw", source.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("s3://")]
    [InlineData("s3://bucket")]
    [InlineData("s3://bucket/")]
    [InlineData("ftp://host/file")]
    [InlineData("--nope")]
    [InlineData("https://")]
    public void Nonsense_is_a_usage_error(string text) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CommandException>(() => DeviceSource.Parse(text)).ExitCode);
}
