using Becket.DevS3.Protocol;
using Becket.DevS3.Storage;

namespace Becket.Tests.DevS3;

public class PartListTests
{
    [Fact]
    public void Parts_that_are_out_of_order_or_too_small_are_refused()
    {
        string path = Directory.CreateTempSubdirectory("becket-dev-s3-").FullName;
        using var folder = new ServedFolder(path);
        using var upload = new MultipartUpload("id", "isos", "big", ObjectAttributes.None, default);
        foreach (int number in (int[])[1, 2])
            upload.Add(new UploadedPart(number, new StagedFile(folder), Size: 5, new byte[16], default));
        string etag = upload.Parts[0].ETag;

        Assert.Equal("InvalidPartOrder", CodeOf([(2, etag), (1, etag)], 5));
        Assert.Equal("InvalidPartOrder", CodeOf([(1, etag), (1, etag)], 5));
        Assert.Equal("EntityTooSmall", CodeOf([(1, etag), (2, etag)], 6));
        Assert.Equal("MalformedXML", CodeOf([], 5));
        Assert.Single(upload.Choose([(2, etag)], 6));
        Directory.Delete(path, recursive: true);

        string CodeOf((int, string)[] list, long minimum) =>
            Assert.Throws<S3Exception>((Action)(() => upload.Choose(list, minimum))).Error.Code;
    }
}
